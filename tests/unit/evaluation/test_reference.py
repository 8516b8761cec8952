"""The references: chance for random scores, counted facts for the oracle."""

import json

import numpy as np
import pytest

from glalign.contract.records import Record, queries
from glalign.contract.specs.scoring import PredictSpec, TestSpec
from glalign.evaluation.metrics import percentages
from glalign.evaluation.ranking import find_positives, hit_ranks
from glalign.evaluation.reference import OracleScores, RandomScores
from glalign.support.errors import UserError

RECORDS = [Record(f"{i}.jpg", i, "test", ("x", "y")) for i in range(3)]
TRUTH = {
    "0.jpg": {"visible": {"hat": "red", "bag": "no"}, "facts": [[["hat", "red"], ["bag", "no"]], [["hat", "red"]]]},
    "1.jpg": {"visible": {"hat": "red"}, "facts": [[], [["shoe", "odd"]]]},
    "2.jpg": {"visible": {"hat": "blue", "bag": "no"}, "facts": [[["bag", "no"]], [["hat", "blue"]]]},
}


def spec_of(truth: str | None, seed: int = 0) -> PredictSpec:
    """What a reference reads of its specification."""
    return PredictSpec.model_construct(root_seed=1, seed=seed, test=TestSpec.model_construct(truth=truth))


def oracle(path, truth=TRUTH):
    path.write_text(json.dumps(truth), encoding="utf-8")
    return OracleScores(spec_of(str(path)))


@pytest.mark.parametrize("block", [1, 4, 100])
def test_oracle_counts_satisfied_minus_contradicted(tmp_path, block):
    found = np.concatenate(list(oracle(tmp_path / "truth.json").blocks(queries(RECORDS), RECORDS, block)))
    assert found.tolist() == [[2, 1, 0], [1, 1, -1], [0, 0, 0], [0, 0, 0], [1, 0, 1], [-1, -1, 1]]


def test_oracle_names_what_is_missing(tmp_path):
    for truth, message in (
        ({"0.jpg": {}}, "not a generator's truth"),
        ({k: v for k, v in TRUTH.items() if k != "1.jpg"}, r"1\.jpg"),
        (TRUTH | {"2.jpg": {"visible": {}, "facts": [[]]}}, r"2\.jpg#1"),
    ):
        with pytest.raises(UserError, match=message):
            list(oracle(tmp_path / "truth.json", truth).blocks(queries(RECORDS), RECORDS, 2))
    with pytest.raises(UserError, match="synthetic"):
        OracleScores(spec_of(None))


def test_random_scores_are_chance_and_independent_of_the_block():
    gallery = [Record(f"{i}", i // 4, "test", tuple("abcde")) for i in range(400)]
    asked = queries(gallery)
    whole = np.concatenate(list(RandomScores(spec_of(None)).blocks(asked, gallery, 4000)))
    pieces = np.concatenate(list(RandomScores(spec_of(None)).blocks(asked, gallery, 7)))
    assert whole.shape == (2000, 400) and (whole == pieces).all()
    positives = find_positives([q.person for q in asked], [r.person for r in gallery])
    assert percentages(hit_ranks([whole], positives, 400))["rank1"] == pytest.approx(1, abs=0.7)
    assert (next(RandomScores(spec_of(None, seed=1)).blocks(asked, gallery, 2)) != whole[:2]).any()

"""A test set may be drawn several times: every draw is scored like a test set of its own."""

from pathlib import Path
from typing import Any

import pytest

from glalign.contract.records import read_manifest
from glalign.contract.specs.scoring import MetricsSpec
from glalign.data.manifest import make_manifest
from glalign.engine.predict import draws_of, predict
from glalign.evaluation.metrics import by_draw, make_metrics
from glalign.evaluation.ranks_file import draw_of, read_ranks
from glalign.storage.whole_files import read_json
from glalign.support.errors import UserError


@pytest.fixture
def spec(pedes: Path, tmp_path: Path) -> dict[str, Any]:
    """Random scores on two of the three test identities."""
    splits = {"train": "train", "val": "val", "test": "test"}
    manifest = {"dataset": "d", "format": "cuhk_pedes", "root": str(pedes), "splits": splits}
    make_manifest({**manifest, "holdout": 0, "seed": 1, "language": "en"}, tmp_path / "d.jsonl")
    test = {
        "id": "t",
        "manifest": str(tmp_path / "d.jsonl"),
        "splits": ["test"],
        "identities": 2,
        "draws": 4,
        "seed": 3,
    }
    test |= {"gallery": "all", "hit": "identity", "people": "d"}
    common = {"system": "random", "class": "glalign.evaluation.reference.RandomScores", "root_seed": 1, "seed": 0}
    return {**common, "test": test, "trained_on": [], "run": None, "block": 3, "top": 2}


def test_every_draw_is_of_so_many_identities_and_named(spec: dict[str, Any], tmp_path: Path) -> None:
    predict(spec, tmp_path / "r.jsonl", "code")
    rows, sidecar = read_ranks(tmp_path / "r.jsonl")
    parts = by_draw(rows)
    assert [{draw_of(row.query) for row in part} for part in parts] == [{f"draw{n}"} for n in range(4)]
    assert all(len({row.person for row in part}) == 2 and len(part) == 8 for part in parts)
    assert sidecar.galleries == (4,) * 4
    assert len({tuple(sorted({row.person for row in part})) for part in parts}) > 1
    assert all(max(row.hits) <= 4 for row in rows)


def test_one_draw_has_plain_ids_and_is_the_first_of_many(spec: dict[str, Any], tmp_path: Path) -> None:
    many = draws_of(spec["test"], read_manifest(spec["test"]["manifest"], "test"))
    (one,) = draws_of({**spec["test"], "draws": 1}, read_manifest(spec["test"]["manifest"], "test"))
    assert one.name == ""
    assert one.asked == many[0].asked
    predict({**spec, "test": {**spec["test"], "draws": 1}}, tmp_path / "r.jsonl", "code")
    rows, sidecar = read_ranks(tmp_path / "r.jsonl")
    assert sidecar.galleries == ()
    assert by_draw(rows) == []


def test_metrics_keep_the_rank1_of_every_draw(spec: dict[str, Any], tmp_path: Path) -> None:
    predict(spec, tmp_path / "r.jsonl", "code")
    make_metrics(MetricsSpec(ranks=str(tmp_path / "r.jsonl"), bootstrap=5, root_seed=1), tmp_path / "m.json")
    found = read_json(tmp_path / "m.json")
    assert len(found["draws"]["rank1"]) == 4
    assert found["rank1"] == pytest.approx(sum(found["draws"]["rank1"]) / 4)


def test_too_many_identities_are_refused(spec: dict[str, Any], tmp_path: Path) -> None:
    spec["test"]["identities"] = 9
    with pytest.raises(UserError, match="identities: 9 of 3"):
        predict(spec, tmp_path / "r.jsonl", "code")

"""The gallery and the hits of a test set, and its draws: each is scored like a test set of its own."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.training import pedes_dataset, zero_steps
from torch import Tensor

from baselines.clip_zero_shot import ClipZeroShot
from glalign.config.datasets import Testset
from glalign.contract.query_ids import draw_of
from glalign.contract.records import Query, Record, read_manifest
from glalign.contract.retriever import Features
from glalign.contract.specs.scoring import MetricsSpec, PredictSpec, TestSpec, TrainedSpec
from glalign.engine.fit import train
from glalign.engine.predict import draws_of, gallery_of, predict, targets
from glalign.evaluation.metrics import by_draw, make_metrics
from glalign.evaluation.ranking import rank_blocks
from glalign.evaluation.ranks_file import read_ranks
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError


@pytest.fixture
def spec(pedes: Path, tmp_path: Path) -> PredictSpec:
    """Random scores on two of the three test identities."""
    query = Testset(dataset="pedes", identities=2, draws=4)
    dataset = pedes_dataset(pedes, tmp_path).model_dump()
    return PredictSpec(
        system="random",
        class_path="glalign.evaluation.reference.RandomScores",
        trainset="untrained",
        seed=0,
        root_seed=1,
        test=TestSpec(**dataset, testset="t", settings=query, draw_seed=3, truth=None),
        block=3,
        top=2,
        trained=None,
    )


def with_query(spec: PredictSpec, **changes: int | None) -> PredictSpec:
    """The same with other values of the testset."""
    query = spec.test.settings.model_copy(update=changes)
    return spec.model_copy(update={"test": spec.test.model_copy(update={"settings": query})})


def test_every_draw_is_of_so_many_identities_and_named(spec: PredictSpec, tmp_path: Path) -> None:
    predict(spec, tmp_path / "r.jsonl", "code")
    rows, sidecar = read_ranks(tmp_path / "r.jsonl")
    parts = by_draw(rows)
    assert [{draw_of(row.query) for row in part} for part in parts] == [{f"draw{n}"} for n in range(4)]
    assert all(len({row.person for row in part}) == 2 and len(part) == 8 for part in parts)
    assert sidecar.galleries == (4,) * 4
    assert len({tuple(sorted({row.person for row in part})) for part in parts}) > 1
    assert all(max(row.hits) <= 4 for row in rows)


def test_the_log_says_how_many_queries_are_cut(
    spec: PredictSpec, edit: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = edit(lambda entries: entries[-1]["captions"].append("red shirt " * 60))
    training = zero_steps(root, tmp_path)
    train(training, tmp_path / "run", "code")
    trained = TrainedSpec.from_fields_of(training, run=str(tmp_path / "run"), trained_on=())
    clip = spec.model_copy(update={"system": "clip", "class_path": training.class_path, "trained": trained})
    with caplog.at_level(logging.INFO, "glalign"):
        predict(clip, tmp_path / "r.jsonl", "code")
    assert "captions longer than 77 tokens, which are cut: 1 of 13" in caplog.messages


@pytest.mark.parametrize("changes", [{}, {"draws": 1, "gallery": "one_per_identity"}, {"identities": None}])
def test_cosines_are_of_the_query_and_of_the_entries_of_its_top(
    spec: PredictSpec, pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict
) -> None:
    """A system whose first part is the whole: that cosine is the score. Nothing else of the file changes."""
    training = zero_steps(pedes, tmp_path)
    train(training, tmp_path / "run", "code")
    trained = TrainedSpec.from_fields_of(training, run=str(tmp_path / "run"), trained_on=())
    clip = with_query(spec, **changes).model_copy(
        update={"system": "clip", "class_path": training.class_path, "trained": trained}
    )
    predict(clip, tmp_path / "plain.jsonl", "code")

    def part_cosines(_: ClipZeroShot, texts: Features, images: Features) -> Tensor:
        cosines = torch.einsum("qe,qke->qk", texts["global"], images["global"])
        return torch.stack([cosines, torch.full_like(cosines, torch.nan)], -1)

    monkeypatch.setattr(ClipZeroShot, "part_names", ("SHOES", "HEAD"))
    monkeypatch.setattr(ClipZeroShot, "part_cosines", part_cosines)
    predict(clip, tmp_path / "r.jsonl", "code")
    (plain, before), (rows, after) = read_ranks(tmp_path / "plain.jsonl"), read_ranks(tmp_path / "r.jsonl")
    assert [replace(row, cosines=()) for row in rows] == plain
    assert after.model_copy(update={"parts": ()}) == before
    assert after.parts == ("SHOES", "HEAD")
    for row in rows:
        assert [head for _, head in row.cosines] == [None, None]
        assert [whole for whole, _ in row.cosines] == pytest.approx([score for _, score in row.top], abs=6e-5)
    without = clip.model_copy(update={"top": 0})
    predict(without, tmp_path / "none.jsonl", "code")
    assert read_ranks(tmp_path / "none.jsonl")[1].parts == ()


def test_one_draw_has_plain_ids_and_is_the_first_of_many(spec: PredictSpec, tmp_path: Path) -> None:
    single, records = with_query(spec, draws=1), read_manifest(spec.test.manifest, "test")
    many = draws_of(spec.test, records)
    (one,) = draws_of(single.test, records)
    assert one.prefix == ""
    assert one.queries == many[0].queries
    predict(single, tmp_path / "r.jsonl", "code")
    rows, sidecar = read_ranks(tmp_path / "r.jsonl")
    assert sidecar.galleries == ()
    assert by_draw(rows) == []


def test_metrics_keep_the_rank1_of_every_draw(spec: PredictSpec, tmp_path: Path) -> None:
    predict(spec, tmp_path / "r.jsonl", "code")
    make_metrics(MetricsSpec(ranks=str(tmp_path / "r.jsonl"), bootstrap=5, root_seed=1), tmp_path / "m.json")
    found = read_json(tmp_path / "m.json")
    assert len(found["draws"]["rank1"]) == 4
    assert found["rank1"] == pytest.approx(sum(found["draws"]["rank1"]) / 4)


def test_too_many_identities_are_refused(spec: PredictSpec, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="identities: 9 of 3"):
        predict(with_query(spec, identities=9), tmp_path / "r.jsonl", "code")


def test_draws_of_images_ask_for_their_captions_among_them(spec: PredictSpec, tmp_path: Path) -> None:
    records = read_manifest(spec.test.manifest, "test")
    images = with_query(spec, identities=None, images=3)
    draws = draws_of(images.test, records)
    assert [len(draw.gallery) for draw in draws] == [3] * 4
    assert len({tuple(record.image for record in draw.gallery) for draw in draws}) > 1
    for draw in draws:
        drawn = {record.image: record for record in draw.gallery}
        assert [record for record in records if record.image in drawn] == draw.gallery
        assert {query.image for query in draw.queries} == drawn.keys() and len(draw.queries) == 6
    (one,) = draws_of(with_query(images, draws=1).test, records)
    assert (one.prefix, one.queries, one.gallery) == ("", draws[0].queries, draws[0].gallery)
    predict(images, tmp_path / "r.jsonl", "code")
    rows, sidecar = read_ranks(tmp_path / "r.jsonl")
    assert sidecar.galleries == (3,) * 4
    for draw, part in zip(draws, by_draw(rows), strict=True):
        persons = [record.person for record in draw.gallery]
        assert [len(row.hits) for row in part] == [persons.count(query.person) for query in draw.queries]
    with pytest.raises(UserError, match="images: 7 of 6; choose 1 to 6, or null for all"):
        predict(with_query(images, images=7), tmp_path / "r.jsonl", "code")


def test_readings_of_the_protocol():
    records = [Record(name, person, "test", ("x",)) for name, person in (("a", 1), ("b", 1), ("c", 2))]
    assert [r.image for r in gallery_of(records, "all")] == ["a", "b", "c"]
    assert [r.image for r in gallery_of(records, "one_per_identity")] == ["a", "c"]
    query = [Query("b#0", "b", 1, "x")]
    scores = np.array([[3.0, 2.0, 1.0]])
    hits = {}
    for hit in ("identity", "image"):
        pair = targets(query, records, hit)
        (row,) = rank_blocks([scores], ["b#0"], list("abc"), [1], [1, 1, 2], 1, *pair)
        hits[hit] = row.hits
        assert row.person == 1
    assert hits == {"identity": (1, 2), "image": (2,)}
    for call in (lambda: gallery_of(records, "none"), lambda: targets(query, records, "none")):
        with pytest.raises(UserError, match="none"):
            call()

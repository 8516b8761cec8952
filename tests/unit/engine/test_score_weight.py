"""The weight in the score that validation people choose: the best of the grid, kept with the run and predicted with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.processes import ended, start_fit

from glalign.config.datasets import Splits, Testset
from glalign.config.training import Budget, Data, Optim
from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord
from glalign.contract.specs.data import ManifestSpec, ParseSpec, PhrasesSpec, SynthesizeSpec
from glalign.contract.specs.scoring import PredictSpec, TestSpec, TrainedSpec
from glalign.contract.specs.training import DatasetSpec, FitSpec
from glalign.data.manifest import make_manifest
from glalign.data.training_data import TrainingData
from glalign.engine.encode import load_trained, validation_rank1
from glalign.engine.fit import train
from glalign.engine.predict import predict
from glalign.engine.score_weight import GRID, choose_score_weight
from glalign.evaluation.ranks_file import read_ranks
from glalign.language.phrases import make_phrases
from glalign.parsing.parse import parse_images
from glalign.storage.json_files import read_json
from glalign.storage.weight_files import PRETRAINED
from glalign.storage.whole_files import write_json
from glalign.support.errors import UserError
from glalign.synthetic.dataset import write_dataset

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> FitSpec:
    """Two steps of GLAlign on ten drawn people, with true label maps; its weight is chosen."""
    folder = tmp_path_factory.mktemp("people")
    root, manifest = str(folder / "data"), str(folder / "m.jsonl")
    people: dict[str, Any] = {"people": "p", "language": "en", "root_seed": 1}
    drawn = SynthesizeSpec(domain="street", train=4, val=12, test=4, images=2.0, **people)
    write_dataset(drawn, Path(root), lambda done, total: None)
    how: dict[str, Any] = {"format": "cuhk_pedes", "splits": Splits(), "holdout": 0, "root_seed": 1}
    of_dataset = ManifestSpec(dataset="d", language="en", root=root, **how)
    make_manifest(of_dataset, Path(manifest), folder / "m.json")
    maps: dict[str, Any] = {"images": f"{root}/imgs", "labels": f"{root}/labels", "weights": "", "name": ""}
    parse = ParseSpec(manifest=manifest, method="truth", threads=1, device="cpu", **maps)
    parse_images(parse, folder / "parts", folder / "parts.json", "code")
    rules: dict[str, Any] = {"chunker": "words", "match": "words", "several": "nearest"}
    make_phrases(PhrasesSpec(manifest=manifest, language="en", **rules), folder / "phrases.jsonl")
    files = {"images": f"{root}/imgs", "parts": str(folder / "parts"), "phrases": str(folder / "phrases.jsonl")}
    return FitSpec(
        system="glalign",
        class_path="glalign.models.glalign.GLAlign",
        model={"backbone": "tiny/clip", "weights": "tiny_clip", "alpha": 0.5, "score_alpha": "validation"},
        data=Data(image_size=(64, 32), batch_size=4),
        optim=Optim(name="adamw", lr=0.001),
        budget=Budget(steps=2, validate_every=1, checkpoint_every=1, log_every=1),
        weights=str(PRETRAINED),
        threads=1,
        device="cpu",
        dress="both",
        trainset="d",
        seed=0,
        root_seed=0,
        datasets=(DatasetSpec(id="d", people="p", manifest=manifest, **files),),
        selection="val",
        processes=1,
        files=(str(PRETRAINED / "tiny_clip.safetensors"),),
    )


def weighed(fit: FitSpec, weight: float | str | None) -> FitSpec:
    """The same training with another `score_alpha`."""
    return fit.model_copy(update={"model": {**fit.model, "score_alpha": weight}})


def ranked(fit: FitSpec, run: Path, out: Path) -> list[tuple[str, tuple[int, ...]]]:
    """Hits of every query of the test people, in file order."""
    test = TestSpec(**fit.datasets[0].model_dump(), testset="t", settings=Testset(dataset="d"), draw_seed=0, truth=None)
    trained = TrainedSpec.from_fields_of(fit, run=str(run), trained_on=())
    names: dict[str, Any] = {"system": "glalign", "class_path": fit.class_path, "trainset": "d", "seed": 0}
    predict(PredictSpec(**names, root_seed=0, test=test, block=8, top=3, trained=trained), out, "code")
    return [(row.query, row.hits) for row in read_ranks(out)[0]]


@pytest.fixture(scope="module")
def run(fit: FitSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(fit, folder, "code")
    return folder


def test_the_weight_is_the_best_of_the_grid_on_validation_people(fit: FitSpec, run: Path) -> None:
    found = read_typed(run / "run.json", RunRecord).score_weight
    assert found is not None
    data, apart = TrainingData(fit), {}
    for weight in GRID:  # each by a model of its own that encodes by itself
        model = load_trained(weighed(fit, weight), run, CPU)
        apart[weight] = validation_rank1(model, data.validation(model), CPU)
    assert dict(found.tried) == apart
    assert len(set(apart.values())) > 2
    assert found.val_rank1 == max(apart.values()) == apart[found.weight]
    assert min((w for w in GRID if apart[w] == max(apart.values())), key=lambda w: abs(w - 0.5)) == found.weight


@pytest.mark.slow
def test_two_processes_choose_as_one(fit: FitSpec, tmp_path: Path) -> None:
    # Each process drops other values, and Adam's first steps turn roundings into signs.
    fit = fit.model_copy(update={"model": {**fit.model, "dropout": 0.0}, "optim": Optim(name="sgd", lr=0.01)})
    status, said = ended(start_fit(fit.model_copy(update={"processes": 2}), tmp_path / "two"))
    assert status == 0, said
    train(fit, tmp_path / "one", "code")
    two, one = (read_typed(tmp_path / name / "run.json", RunRecord).score_weight for name in ("two", "one"))
    assert two is not None
    assert one is not None
    assert two.weight == one.weight
    assert dict(two.tried) == pytest.approx(dict(one.tried))


def test_predictions_have_the_weight_of_the_run(fit: FitSpec, run: Path, tmp_path: Path) -> None:
    record = read_json(run / "run.json")
    own = ranked(fit, run, tmp_path / "own.jsonl")
    assert own == ranked(weighed(fit, record["score_weight"]["weight"]), run, tmp_path / "number.jsonl")
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.safetensors").symlink_to(run / "model.safetensors")
    for weight in (0.0, 1.0):
        write_json(other / "run.json", {**record, "score_weight": {**record["score_weight"], "weight": weight}})
        moved = ranked(fit, other, tmp_path / "moved.jsonl")
        assert moved == ranked(weighed(fit, weight), run, tmp_path / "number.jsonl")
        assert moved != ranked(weighed(fit, 1 - weight), run, tmp_path / "number.jsonl")


def test_a_run_without_its_weight_is_named(fit: FitSpec, run: Path, tmp_path: Path) -> None:
    record = read_json(run / "run.json")
    del record["score_weight"]
    write_json(tmp_path / "run.json", record)
    (tmp_path / "model.safetensors").symlink_to(run / "model.safetensors")
    with pytest.raises(UserError, match=r"run\.json: `score_weight` is missing; delete the run and train again"):
        load_trained(fit, tmp_path, CPU)


def test_the_training_is_that_of_a_weight_that_is_given(fit: FitSpec, run: Path, tmp_path: Path) -> None:
    train(weighed(fit, None), tmp_path, "code")
    for name in ("model.safetensors", "train.jsonl"):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes()
    given, chosen = read_json(tmp_path / "run.json"), read_json(run / "run.json")
    assert chosen.pop("score_weight")
    assert {**chosen, "spec": given["spec"]} == given


def test_a_killed_training_chooses_the_same(
    fit: FitSpec, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("glalign.engine.training.choose_score_weight", stopped)
        train(fit, tmp_path, "code")
    assert not (tmp_path / "run.json").exists()
    assert (tmp_path / "checkpoint.pt").is_file()
    train(fit, tmp_path, "code")
    for name in ("model.safetensors", "train.jsonl", "run.json"):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes()


def test_without_validation_people_nothing_is_trained(fit: FitSpec, tmp_path: Path) -> None:
    manifest = Path(fit.datasets[0].manifest)
    kept = [line for line in manifest.read_text(encoding="utf-8").splitlines(keepends=True) if '"val"' not in line]
    (tmp_path / "m.jsonl").write_text("".join(kept), encoding="utf-8")
    dataset = fit.datasets[0].model_copy(update={"manifest": str(tmp_path / "m.jsonl")})
    with pytest.raises(UserError, match=r"trainset d: no val images; check the dataset's splits and holdout"):
        train(fit.model_copy(update={"datasets": (dataset,)}), tmp_path / "run", "code")
    assert not (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("own", "best", "chosen"),
    [
        (0.5, GRID, 0.5),
        (0.33, GRID, 0.35),
        (0.5, (0.3, 0.7), 0.3),
        (0.5, (0.45, 0.55), 0.45),
        (0.8, (0.0, 0.95, 1.0), 0.95),
        (0.2, (1.0,), 1.0),
    ],
)
def test_of_equals_the_nearest_to_the_trained_weight_is_chosen(
    own: float,
    best: tuple[float, ...],
    chosen: float,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model: Any = type("Model", (), {"score_weight": own})()
    monkeypatch.setattr("glalign.engine.score_weight.Encoded", lambda model, *_: model)
    monkeypatch.setattr(
        "glalign.engine.score_weight.first_ranks",
        lambda model, _: np.repeat([1, 2], [50, 50] if np.isclose(best, model.score_weight).any() else [49, 51]),
    )
    with caplog.at_level("INFO", "glalign"):
        found = choose_score_weight(model, None, CPU)  # type: ignore[arg-type]
    assert (found.weight, found.val_rank1, model.score_weight) == (chosen, 50.0, own)
    assert f"score: {chosen:g}, validation Rank-1 50.00" in caplog.text

"""`glalign plan`: counts and formulas against numbers worked out by hand, and honesty about what is not known."""

import csv
import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.config.loading import Config, layered, merge, resolve
from glalign.contract.published_counts import published_counts
from glalign.cost.cost_table import built_as, read_costs
from glalign.cost.estimate import LABELS, RANKS, estimate
from glalign.planning.missing_files import jobs_behind, known_targets
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported
from glalign.planning.split_counts import split_counts
from glalign.planning.system_stages import trained_systems
from glalign.reporting.estimate import render_estimate
from glalign.storage.whole_files import sha256
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
COSTS = read_costs(ROOT / "config/costs.csv")
ROOTS = {"datasets": {name: {"root": f"data/{name}"} for name in ("cuhk_en", "v2e", "cuhk_vi", "vn3k")}}


def configured(overlay: dict | None = None, *layers: str) -> tuple[Config, Plan]:
    """The demo with overlays, away from anything that was made."""
    values = layered(*(ROOT / layer for layer in layers), root=ROOT)
    config = resolve(merge(values, merge({"results": "nothing-made"}, overlay or {})))
    return config, make_plan(config, read_reported(ROOT / "paper/reported"))


def estimated(config: Config, plan: Plan, *targets: str) -> dict:
    """The estimate of some targets."""
    return estimate(config, jobs_behind(plan, targets), COSTS, split_counts(config, plan.paths))


@pytest.mark.parametrize("layers", [(), ("config/paper.yaml",)])
def test_every_network_has_been_counted(layers: tuple[str, ...]) -> None:
    config, _ = configured({}, *layers, "config/sensitivity.yaml")
    entries = [
        one.entry(name, kind)
        for one in (config, *config.readings.values())
        for name, entry in trained_systems(one).items()
        for kind in entry.languages
    ]
    absent = sorted({built_as(entry) for entry in entries} - COSTS.keys())
    assert absent == [], "run: python benchmarks/costs.py"


def test_a_cost_that_is_no_number_is_named(tmp_path: Path) -> None:
    changed = (ROOT / "config/costs.csv").read_text(encoding="utf-8").replace(",0,", ",many,", 1)
    (tmp_path / "costs.csv").write_text(changed, encoding="utf-8")
    with pytest.raises(UserError, match=r"costs\.csv: a cost is no whole number \(.*'many'\); restore it"):
        read_costs(tmp_path / "costs.csv")


def test_counted_parameters_are_the_published_ones() -> None:
    with (ROOT / "paper/parameters.csv").open(encoding="utf-8", newline="") as file:
        published = {row["system"]: int(row["published"]) for row in csv.DictReader(file) if row["published"]}
    config, _ = configured({}, "config/paper.yaml")
    for name in ("irra", "glalign", "clip_zero_shot", "dual_path"):
        assert COSTS[built_as(config.systems[name])].parameters == pytest.approx(published[name], rel=0.001)


def test_published_counts_agree_with_the_paper() -> None:
    with (ROOT / "paper/reported/table03.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["dataset"]: row for row in csv.DictReader(file)}
    for name in ("3000VnPerson-Search", "3000Vn-V2E"):
        splits = [published_counts()[name, split] for split in ("train", "test")]
        totals = [sum(numbers) for numbers in zip(*(split[:4] for split in splits), strict=True)]
        people, images, captions = (int(rows[name][key]) for key in ("person_ids", "images", "descriptions"))
        assert totals == [people, images, 2 * images, captions]


def test_hours_and_disk_of_one_cell_are_the_formula() -> None:
    device = {"plan": {"tflops": 100, "utilisation": 0.5}, "seeds": [0]}
    config, plan = configured(merge(ROOTS, device), "config/paper.yaml")
    found = estimated(config, plan, "nothing-made/metrics/irra/cuhk_en/seed0/cuhk_en.json")
    (row,) = found["systems"]
    cost = COSTS[built_as(config.systems["irra"])]
    steps = math.ceil(60 * 68_126 / 64)
    looks = math.ceil(steps / 1000)
    validation = 3_078 * cost.image + 6_158 * (cost.caption + cost.query * 3_078 / 3_074)
    assert (row["trainings"], row["steps"], row["predictions"]) == (1, steps, 1)
    operations = 2 * (steps * 64 * cost.pair + looks * validation)
    assert row["training_hours"] == pytest.approx(operations / 50e12 / 3600)
    scored = 2 * (3_074 * cost.image + 6_156 * (cost.caption + cost.query))
    assert row["prediction_hours"] == pytest.approx(scored / 50e12 / 3600)
    assert 4 * cost.parameters < row["bytes"] < 4.2 * cost.parameters
    assert found["disk"]["checkpoint"] == 4 * (4 * cost.parameters + 2 * cost.buffers)
    assert found["datasets"] == {"cuhk_en": {"identities": 13_003, "images": 40_206, "captions": 80_440}}


def test_an_epoch_is_what_the_class_says() -> None:
    config, plan = configured(ROOTS, "config/paper.yaml")
    found = estimated(config, plan, "nothing-made/runs/dual_path/cuhk_en/seed0/run.json")
    assert found["systems"][0]["steps"] == math.ceil(211 * 34_054 / 32)


def test_draws_and_held_out_people_are_counted() -> None:
    held = {"datasets": {"vn3k": {"splits": {"val": None}, "holdout": 200}}}
    config, plan = configured(merge(ROOTS, held), "config/paper.yaml")
    counts = split_counts(config, plan.paths)["vn3k"]
    assert counts["train"]["identities"] == 1_800
    assert counts["val"]["captions"] == pytest.approx(8_602 / 10)
    small = jobs_behind(plan, ["nothing-made/ranks/glalign/cuhk_vi/seed0/vn3k_100.jsonl"])
    only = {key: job for key, job in small.items() if key[0] == "predict"}
    (spec,) = [job.spec for job in only.values()]
    assert (spec.test.settings.identities, spec.test.settings.draws) == (100, 10)
    (row,) = estimate(config, only, COSTS, split_counts(config, plan.paths))["systems"]
    assert row["bytes"] == RANKS * 10 * 100 * 4
    cost = COSTS[built_as(spec.trained)]
    work = 2_000 * cost.image + 4_000 * (cost.caption + cost.query * 200 / 3_074)
    assert row["prediction_hours"] == pytest.approx(2 * work / 15e12 / 3600)


def test_drawn_images_are_counted() -> None:
    testset = {"testsets": {"vn3k_100": {"identities": None, "images": 100}}}
    config, plan = configured(merge(ROOTS, testset), "config/paper.yaml")
    small = jobs_behind(plan, ["nothing-made/ranks/glalign/cuhk_vi/seed0/vn3k_100.jsonl"])
    (job,) = [job for key, job in small.items() if key[0] == "predict"]
    found = estimate(config, {("predict", "one"): job}, COSTS, split_counts(config, plan.paths))
    assert found["systems"][0]["bytes"] == RANKS * 10 * 100 * 2
    (title,) = [job.spec.title for job in plan.jobs["table"].values() if job.ids["table"] == "9"]
    assert title.endswith("tested on 100 images of 3000VnPerson-Search")


def test_an_epoch_of_balanced_sources_has_as_many_pairs_of_each() -> None:
    steps = {}
    for sources in ("union", "balanced"):
        changed = {"systems": {"irra": {"data": {"sources": sources, "centre_crop": sources == "balanced"}}}}
        config, plan = configured(merge(ROOTS, changed), "config/paper.yaml")
        found = estimated(config, plan, "nothing-made/runs/irra/cuhk_en+v2e/seed0/run.json")
        assert found["unknown"] == []
        steps[sources] = found["systems"][0]["steps"]
    assert steps["balanced"] == math.ceil(60 * 2 * 68_126 / 64) > steps["union"]


def test_a_target_that_no_job_makes_is_named() -> None:
    plan = configured()[1]
    assert known_targets(plan, ["./nothing-made/table4.tex"]) == ["nothing-made/table4.tex"]
    for wrong in ("nothing-made/table44.tex", "table4", "table4.tex"):
        with pytest.raises(UserError, match=r"table44?(\.tex)?: no job makes it; .* ?'?nothing-made/table4\."):
            known_targets(plan, [wrong])


def test_a_manifest_counts_more_than_what_was_published(tmp_path: Path) -> None:
    here = {"datasets": {"cuhk_en": {"root": str(tmp_path)}}}
    config, plan = configured(merge(ROOTS, {**here, "results": str(tmp_path)}), "config/paper.yaml")
    (tmp_path / "manifests").mkdir()
    annotations = tmp_path / "reid_raw.json"
    annotations.write_text("[1]", encoding="utf-8")
    splits = {"train": {"identities": 5, "images": 7, "captions": 11}}
    counts = {**splits["train"], "caption_words": {"mean": 3.0, "sd": 1.0, "min": 2, "max": 4}}
    about = {"dataset": "cuhk_en", "language": "en", "splits": {"train": counts}, "all": counts, "image_size": {}}
    made, published = tmp_path / "manifests" / "cuhk_en.json", split_counts(config, plan.paths)["cuhk_en"]
    made.write_text(json.dumps({**about, "annotations": {"sha256": "of another"}}), encoding="utf-8")
    assert split_counts(config, plan.paths)["cuhk_en"] == published
    report = {**about, "annotations": {"sha256": sha256(annotations)}}
    for wrong in ([], report | {"splits": 3}, report | {"annotations": []}, report | {"splits": {"train": {}}}):
        made.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(UserError, match=r"cuhk_en\.json: .*; delete the file and run again"):
            split_counts(config, plan.paths)
    made.write_text(json.dumps(report), encoding="utf-8")
    assert split_counts(config, plan.paths)["cuhk_en"] == splits
    labels = estimated(config, plan, f"{tmp_path}/parts/cuhk_en.json")["disk"]["label_maps"]
    assert labels == 7 * LABELS


def test_what_is_not_known_is_said_and_not_guessed() -> None:
    other = {"systems": {"irra": {"model": {"cross_depth": 7}}}}
    config, plan = configured(other)
    found = estimated(config, plan, "nothing-made/table4.csv")
    rows = {row["system"]: row for row in found["systems"]}
    assert rows["irra"]["training_hours"] is rows["irra"]["prediction_hours"] is None
    assert rows["plot"]["training_hours"] > 0
    (line,) = found["unknown"]
    assert line.startswith("irra: its network was never counted (`glalign memory irra`")
    assert "not counted: irra" in render_estimate(found)
    config, plan = configured(merge(ROOTS, {"datasets": {"v2e": {"label": "Mine"}}}), "config/paper.yaml")
    assert "datasets.v2e: its size" in estimated(config, plan)["unknown"][0]


def test_the_command_prints_a_table_and_the_same_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    arguments = ["plan", "results/table4.tex", "--config", "config/paper.yaml"]
    text = CliRunner().invoke(main, arguments).output
    data = json.loads(CliRunner().invoke(main, [*arguments, "--json"]).output)
    assert len(data["systems"]) == 9
    for row in data["systems"]:
        line = next(line for line in text.splitlines() if line.startswith(f"{row['system']} "))
        assert f" {row['steps']:,} " in line
    assert f"{data['total']['trainings']}" in text
    assert "50 Tflop/s, of which 30% are reached" in text

"""A reading reruns what it changes and nothing else, and is compared with the tables' run."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from helpers.plans import planned

from glalign.config.loading import overlaid, read
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported
from glalign.planning.reading_stages import AS_CONFIGURED, SensitivityRow, SensitivitySpec
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
ALL = ROOT / "config/sensitivity.yaml"
REPORTED = read_reported(ROOT / "paper/reported")


def reading(file: str | None = None, **values: Any) -> dict[str, Any]:
    readings = {"other": {"about": "what differs", **values}}
    return {"sensitivity": {"readings": readings, "files": {"other": file} if file else {}}}


def written(tmp_path: Path, text: str, **values: Any) -> dict[str, Any]:
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    return reading(file=str(tmp_path / "other.yaml"), **values)


def rows_of(plan: Plan) -> dict[str, SensitivityRow]:
    spec = plan.job("sensitivity").spec
    assert isinstance(spec, SensitivitySpec)
    return {row.reading: row for row in spec.rows}


def stages_of(plan: Plan) -> dict[str, list[str]]:
    """Stage -> keys of the jobs of readings."""
    return {stage: list(jobs) for stage, jobs in plan.jobs.items() if stage.startswith("reading_") and jobs}


@pytest.fixture(scope="module")
def everything() -> Plan:
    return make_plan(overlaid(ALL), REPORTED)


def test_without_readings_nothing_is_planned() -> None:
    plan = planned()
    assert not stages_of(plan)
    assert not plan.jobs["sensitivity"]


def test_every_reading_of_the_suite_is_a_file_and_the_other_way_round() -> None:
    listed = read(ALL)["sensitivity"]["readings"]
    twins = {Path(path).stem for path in overlaid().sensitivity.files.values()}
    assert {*listed, *twins} == {path.stem for path in (ROOT / "config/readings").glob("*.yaml")}
    for name in listed:
        number = int(name[1:3])
        first = (ROOT / f"config/readings/{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# D{number}: {listed[name]['about']}."


def test_every_reading_changes_a_run_of_the_demo_or_of_the_paper(everything: Plan) -> None:
    paper = make_plan(overlaid(ROOT / "config/paper.yaml", ALL), REPORTED)
    demo, released = rows_of(everything), rows_of(paper)
    assert len(demo) >= 30
    for name in demo:
        assert demo[name].sides or released[name].sides or released[name].note.startswith("not run"), name
    same = [name for name, row in demo.items() if row.note == AS_CONFIGURED]
    assert same == ["D11_cosine"], "the demo's own course of the rate"


def test_no_file_is_made_by_two_jobs(everything: Plan) -> None:
    paths = (path for stage in everything.jobs for path in everything.files(stage))
    assert [path for path, times in Counter(paths).items() if times > 1] == []


@pytest.mark.parametrize(
    ("text", "values", "stages"),
    [
        ("systems: {glalign: {model: {temperature: literal}}}", {}, ["fit", "predict", "metrics"]),
        ("testsets: {cuhk_en: {hit: image}}", {}, ["predict", "metrics"]),
        ("phrases: {lexicon: paper}", {}, ["phrases", "fit", "predict", "metrics"]),
        ("parsing: {method: stripes}", {"system": "glalign_local"}, ["parse", "fit", "predict", "metrics"]),
        ("parsing: {dress: lower}", {"scenario": "SV1"}, ["fit", "predict", "metrics"]),
        ("phrases: {match: substrings}", {"scenario": "SV3"}, ["phrases", "fit", "predict", "metrics"]),
        ("phrases: {lexicon: paper}", {"system": "irra"}, []),
        ("parsing: {method: stripes}", {"system": "clip_zero_shot"}, []),
        ("testsets: {cuhk_en: {hit: image}}", {"system": "oracle"}, ["predict", "metrics"]),
    ],
)
def test_only_what_differs_is_a_job_of_the_reading(
    tmp_path: Path, text: str, values: dict[str, Any], stages: list[str]
) -> None:
    plan = planned(written(tmp_path, text, **values))
    assert list(stages_of(plan)) == [f"reading_{stage}" for stage in stages]
    for stage in stages[1:]:
        for job in plan.jobs[f"reading_{stage}"].values():
            own = [path for path in job.inputs if path.startswith("results/readings/other/")]
            assert own, f"{stage} reads what the reading made"
    assert {path for job in plan.jobs["sensitivity"].values() for path in job.inputs} <= set(plan.makers)


def test_a_reading_is_compared_with_the_run_of_the_tables(tmp_path: Path) -> None:
    (row,) = rows_of(planned(written(tmp_path, "testsets: {vn3k_100: {draws: 3}}", scenario="SV2"))).values()
    assert row.sides
    other, configured = row.sides
    assert other.ranks == ("results/readings/other/ranks/glalign/cuhk_vi/seed0/vn3k_100.jsonl",)
    assert configured.ranks == ("results/ranks/glalign/cuhk_vi/seed0/vn3k_100.jsonl",)
    assert other.runs == configured.runs == ("results/runs/glalign/cuhk_vi/seed0/run.json",)


def test_every_seed_is_trained(tmp_path: Path) -> None:
    overlay = written(tmp_path, "systems: {glalign: {model: {temperature: literal}}}")
    plan = planned(overlay | {"seeds": [0, 4]})
    assert list(plan.jobs["reading_fit"]) == [f"other/glalign/cuhk_en/seed{seed}" for seed in (0, 4)]


def test_what_has_not_run_says_so_and_plans_nothing(tmp_path: Path) -> None:
    overlay = written(tmp_path, "testsets: {v2e: {hit: image}}", scenario="SE2")
    plan = planned(overlay | {"datasets": {"v2e": {"translated": None}}})
    assert not stages_of(plan)
    assert rows_of(plan)["other"].note == "not run: no data: datasets.v2e has neither root nor synthetic nor translated"


@pytest.mark.parametrize(
    ("text", "data", "note"),
    [
        ("parsing: {method: truth}", {"cuhk_en": {"root": "photographs"}}, "parsing.method"),
        ("systems: {glalign: {class: null}}", {}, "this system is not part of the suite yet"),
        ("systems: {glalign: {languages: [vi]}}", {}, "it reads captions in vi, not in en"),
    ],
)
def test_a_reading_that_cannot_be_run_says_so_and_the_others_are_run(
    tmp_path: Path, text: str, data: dict[str, Any], note: str
) -> None:
    overlay = written(tmp_path, text)
    overlay["sensitivity"]["readings"]["D27_one"] = {"about": "one image"}
    plan = planned(overlay | {"datasets": data})
    assert list(stages_of(plan)) == ["reading_predict", "reading_metrics"]
    rows = rows_of(plan)
    assert rows["other"].note.startswith(f"not run: {note}")
    assert rows["other"].sides is None
    assert rows["D27_one"].sides


def test_an_overlay_for_no_reading_is_refused(tmp_path: Path) -> None:
    overlay = written(tmp_path, "parsing: {dress: lower}")
    overlay["sensitivity"]["files"]["D01_fixd"] = "mine.yaml"
    with pytest.raises(UserError, match=r"sensitivity\.files\.D01_fixd: no reading 'D01_fixd'.*D01_fixed"):
        planned(overlay)


def test_what_extends_the_system_follows_its_reading(tmp_path: Path) -> None:
    plan = planned(written(tmp_path, "systems: {glalign: {model: {temperature: literal}}}", system="glalign_local"))
    (job,) = plan.jobs["reading_fit"].values()
    assert job.spec.to_json()["model"] == plan.job("fit", **job.ids).spec.to_json()["model"] | {
        "temperature": "literal"
    }


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("seed: 3", {}, r"other\.yaml: seed: no key of a reading; it changes systems, parsing, phrases, testsets"),
        ("{1: 2, a: 3, systems: {}}", {}, r"other\.yaml: 1: no key of a reading"),
        ("phrases: {lexicon: old}", {}, r"other\.yaml: phrases\.lexicon: 'old'.*paper"),
        ("systems: {glalign: {model: {temprature: fixed}}}", {}, r"other\.yaml: systems\.glalign\.model.*temperature"),
        ("parsing: {dress: lower}", {"system": "glaling"}, r"sensitivity\.readings\.other\.system.*glalign"),
        ("parsing: {dress: lower}", {"scenario": "SE9"}, r"sensitivity\.readings\.other\.scenario: no scenario 'SE9'"),
        ("[1]", {}, r"other\.yaml: not a map of keys"),
        ("testsets: {cuhk_en: {dataset: v2e}}", {}, r"readings\.other: it tests another dataset"),
    ],
)
def test_a_wrong_reading_names_its_file_and_key(
    tmp_path: Path, text: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        planned(written(tmp_path, text, **values))


def test_a_reading_without_a_file_is_refused() -> None:
    with pytest.raises(UserError, match=r"config/readings/other\.yaml: no such file"):
        planned(reading())
    with pytest.raises(UserError, match=r"^mine\.yaml: no such file"):
        planned(reading("mine.yaml"))
    with pytest.raises(UserError, match=r"^/dev/null: no file; sensitivity\.files\.other names an overlay"):
        planned(reading("/dev/null"))


def test_a_reading_that_tests_on_trained_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"readings\.other: scenarios\.SE1: testsets\.cuhk_en scores the split 'train'"):
        planned(written(tmp_path, "testsets: {cuhk_en: {splits: [train]}}"))

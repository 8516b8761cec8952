"""What a target needs, and the lines about what of it is absent."""

from pathlib import Path

import pytest
from helpers.manifests import spec as manifest_spec

from glalign.config.datasets import Splits
from glalign.config.loading import merge, overlaid, resolve
from glalign.contract.formats import dataset_release
from glalign.contract.specs.base import Spec
from glalign.planning.missing_files import absent_files, describe, find_absent, jobs_behind
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported
from glalign.planning.stage import Job

ROOT = Path(__file__).parents[3]


def planned(overlay: dict) -> Plan:
    values = merge(overlaid(root=ROOT).to_json(), overlay)
    return make_plan(resolve(values), read_reported(ROOT / "paper/reported"))


@pytest.fixture(scope="module")
def real() -> Plan:
    return planned({"datasets": {"cuhk_en": {"root": "data/cuhk"}}, "weights": "no-weights"})


def test_a_table_needs_its_own_cells_and_everything_needs_all(real: Plan) -> None:
    table = jobs_behind(real, ["results/table4.tex"])
    assert {key for stage, key in table if stage == "manifest"} == {"cuhk_en"}
    assert {key for stage, key in table if stage == "table"} == {"4"}
    whole = jobs_behind(real)
    assert table.items() <= whole.items()
    assert {key for stage, key in whole if stage == "fit"} == set(real.jobs["fit"])
    assert not {stage for stage, _ in whole} & {"tune", "tuning", "twin", "document"}
    assert jobs_behind(real, ["pretrain"]) == {}


def test_what_a_job_makes_is_never_absent(real: Plan) -> None:
    jobs = jobs_behind(real, ["results/table4.tex"]).values()
    paths = absent_files(real, jobs)
    assert "data/cuhk/reid_raw.json" in paths
    assert {path for path in paths if path.startswith("results")} == set()
    first, *others = describe(jobs, paths)
    assert first.startswith("datasets.cuhk_en.root: data/cuhk is not there; ")
    assert [line.split(" lacks ")[0] for line in others] == ["weights: no-weights"]
    assert len(others[0].split(", ")) == len({path for path in paths if path.startswith("no-weights")})


def test_a_parser_needs_its_record(tmp_path: Path) -> None:
    plan = planned({"parsing": {"method": "segformer", "weights": "parser"}, "weights": str(tmp_path)})
    jobs = list(plan.jobs["parse"].values())
    assert jobs and all(
        [Path(path).name for path in job.weights] == ["parser.safetensors", "parser.json"] for job in jobs
    )
    (tmp_path / "parser.safetensors").write_bytes(b"")
    assert describe(jobs, absent_files(plan, jobs))[0].startswith(f"weights: {tmp_path} lacks parser.json; ")


def test_a_release_of_several_files_is_one_line(tmp_path: Path) -> None:
    files = (f"{tmp_path}/processed_data/train.json", f"{tmp_path}/processed_data/test.json")
    spec = manifest_spec(tmp_path, format="rasa", dataset="cuhk", splits=Splits(val=None))
    job = Job({"dataset": "cuhk"}, spec, release=dataset_release(spec.model_dump()))
    (line,) = describe([job], frozenset(files))
    assert line.startswith(f"datasets.cuhk.root: {tmp_path} has no processed_data/test.json, processed")
    plan = planned({"datasets": {"vn3k": {"labelled_phrases": "no-labels.csv"}}})
    (line,) = describe([plan.jobs["coverage"]["vn3k"]], frozenset(["no-labels.csv"]))
    assert line.startswith("no-labels.csv: not there; correct `labelled_phrases`, or make it with `glalign phrases sam")
    other = Job({"table": "4"}, Spec(), inputs=("paper/reported/table04.csv",))
    assert describe([other, other], frozenset(other.inputs)) == ["paper/reported/table04.csv: not there; restore it"]


def test_absent_files_of_targets_come_with_their_remedies(real: Plan) -> None:
    jobs = jobs_behind(real, ["results/table4.tex"]).values()
    paths, lines = find_absent(real, ["results/table4.tex"])
    assert (paths, lines) == (absent_files(real, jobs), describe(jobs, paths))
    assert find_absent(real, ["pretrain"]) == (frozenset(), [])

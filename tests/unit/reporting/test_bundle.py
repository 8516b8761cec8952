"""A bundle: everything its tables are made of, nothing that may not be passed on, and the same tables again."""

import hashlib
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from helpers.plans import planned
from helpers.tables import MADE_BY, run_file
from rocrate.rocrate import ROCrate

import glalign
from glalign.cli.main import main
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import write_ranks
from glalign.planning.job_files import run_job, write_job
from glalign.planning.plan import Plan
from glalign.reporting.bundle import make_bundle
from glalign.reporting.bundled_files import REBUILT
from glalign.reporting.listed_digests import listed_digests
from glalign.reporting.rebuild import rebuild
from glalign.reporting.ro_crate import metadata
from glalign.reporting.unplanned_jobs import unplanned
from glalign.storage.archives import write_archive
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
MAY_BE_PACKED = {
    ("fit", "run"), ("predict", "ranks"), ("predict", "summary"), ("metrics", "metrics"), ("coverage", "coverage"),
    ("manifest", "statistics"), ("alpha_scores", "scores"), ("size", "size"),
    ("translation", "csv"),
}  # fmt: skip
"""Outputs without images, captions or weights."""

HERE = {"runtime": {"portable": False}}  # numpy is loaded already


def ran(plan: Plan) -> None:
    """Ranks, metrics and Table 4 of a run with made-up ranks, below the working directory."""
    table = plan.jobs["table"]["4"]
    for stage, key in sorted({plan.makers[path] for path in table.inputs if path in plan.makers}):
        job = plan.jobs[stage][key]
        if stage == "fit":
            path = Path(plan.outputs(stage, job)["run"])
            path.parent.mkdir(parents=True, exist_ok=True)
            run_file(path)
        if stage == "metrics":
            draws = random.Random(key)
            ranks = next(path for path in job.inputs if path.endswith(".jsonl"))
            hits = [draws.randint(1, 20) for _ in range(30)]
            rows = [RankRow(f"{n}.jpg#0", n, (hit,), (hit,), ()) for n, hit in enumerate(hits)]
            write_ranks(ranks, rows, 30, MADE_BY)
            run_job(stage, Path(write_job(plan, stage, job)))
    run_job("table", Path(write_job(plan, "table", table)))


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A plan that ran in `tmp_path`, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    found = planned(HERE)
    ran(found)
    return found


def contents(bundle: Path) -> dict[str, bytes | Path]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(bundle: Path, name: str, content: bytes) -> Path:
    """The bundle with another content of one file."""
    write_archive(bundle.with_name("changed.zip"), contents(bundle) | {name: content})
    return bundle.with_name("changed.zip")


def forged(bundle: Path, files: dict[str, bytes | Path]) -> Path:
    """A bundle of these files, with the tables and metadata that follow from them."""
    write_archive(bundle, files)
    rebuild(bundle, bundle.with_suffix(""))
    files |= {name: bundle.with_suffix("") / name for name in ("results/table4.csv", "results/table4.tex")}
    del files["ro-crate-metadata.json"]
    files["ro-crate-metadata.json"] = json.dumps(metadata(files, "demo", "")).encode()
    write_archive(bundle, files)
    return bundle


def raised(record: bytes | Path) -> bytes:
    """A record of metrics with a Rank-1 of 99 percent."""
    assert isinstance(record, bytes)
    return json.dumps(json.loads(record) | {"rank1": 99.0, "hits": {"1": 30, "5": 30, "10": 30}}).encode()


def test_the_tables_are_the_same_again(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    found = rebuild(tmp_path / "b.zip", tmp_path / "again")
    assert not found.different and not found.not_made
    assert {"results/table4.csv", "results/table4.tex"} < set(found.equal) and len(found.equal) > 9
    assert (tmp_path / "again/results/table4.csv").read_bytes() == Path("results/table4.csv").read_bytes()
    with pytest.raises(UserError, match="not an empty folder"):
        rebuild(tmp_path / "b.zip", tmp_path / "again")


def test_a_changed_rank_or_table_is_named(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    table = changed(tmp_path / "b.zip", "results/table4.csv", Path("results/table4.csv").read_bytes() + b"x")
    assert rebuild(table).different == ["results/table4.csv"]
    ranks = Path("results/ranks/irra/cuhk_en/seed0/cuhk_en.jsonl")
    first, rest = ranks.read_text(encoding="utf-8").split("\n", 1)
    other = json.loads(first) | {"first": 25, "hits": [25], "best": [25]}
    moved = changed(tmp_path / "b.zip", ranks.as_posix(), f"{json.dumps(other)}\n{rest}".encode())
    assert "results/metrics/irra/cuhk_en/seed0/cuhk_en.json" in rebuild(moved).different


def test_metrics_without_their_job_are_no_proof(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    files = contents(tmp_path / "b.zip")
    name = "results/metrics/irra/cuhk_en/seed0/cuhk_en.json"
    files = {one: content for one, content in files.items() if not one.startswith("results/jobs/metrics/irra/")}
    found = rebuild(forged(tmp_path / "forged.zip", files | {name: raised(files[name])}))
    assert not found.different
    assert found.problems == [f"{name}: no job of the bundle makes it"]
    done = CliRunner().invoke(main, ["rebuild", str(tmp_path / "forged.zip")])
    assert done.exit_code == 1 and f"{name}: no job" in done.output and "0 differ; 1 problems" in done.output


@pytest.mark.parametrize("place", ["results/coverage/irra.json", "results/mine/irra.json"])
def test_metrics_elsewhere_are_no_proof(plan: Plan, tmp_path: Path, place: str) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    files = contents(tmp_path / "b.zip")
    name, job = "results/metrics/irra/cuhk_en/seed0/cuhk_en.json", "results/jobs/table/4.json"
    assert isinstance(files[job], bytes)
    files[job] = files[job].replace(name.encode(), place.encode())  # type: ignore[union-attr]
    found = rebuild(forged(tmp_path / "forged.zip", files | {place: raised(files[name])}))
    assert not found.different and [line.partition(":")[0] for line in found.problems] == [place, job]


def test_every_file_is_compared_with_the_metadata(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    assert not rebuild(tmp_path / "b.zip").problems
    other = rebuild(changed(tmp_path / "b.zip", "LICENSE", b"{}")).problems
    assert other == ["LICENSE: not as listed in ro-crate-metadata.json"]
    files = contents(tmp_path / "b.zip")
    del files["digests.json"]
    write_archive(tmp_path / "less.zip", files)
    assert rebuild(tmp_path / "less.zip").problems == ["digests.json: missing, but listed in ro-crate-metadata.json"]
    for wrong in (b"", b"[]", b'{"@graph": [{"@type": "File"}]}', b'{"@graph": 1}'):
        with pytest.raises(UserError, match=r"ro-crate-metadata\.json"):
            rebuild(changed(tmp_path / "b.zip", "ro-crate-metadata.json", wrong))


def test_jobs_are_those_of_the_configuration(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    files = contents(tmp_path / "b.zip")
    configuration = json.loads(bytes(files["configuration.json"]))  # type: ignore[arg-type]
    metrics = sorted(name for name in files if name.startswith("results/jobs/metrics/"))

    configuration["evaluation"]["bootstrap"] += 1
    edited = files | {"configuration.json": json.dumps(configuration).encode()}
    found = rebuild(forged(tmp_path / "edited.zip", edited))
    assert not found.different
    assert found.problems == [f"{name}: not as configuration.json plans it: bootstrap" for name in metrics]

    configuration["seeds"] = [7]
    edited = files | {"configuration.json": json.dumps(configuration).encode()}
    lines = rebuild(forged(tmp_path / "seeds.zip", edited)).problems
    assert f"{metrics[0]}: no job that configuration.json plans" in lines

    job = json.loads(bytes(files[metrics[0]]))  # type: ignore[arg-type]
    job["spec"]["bootstrap"] -= 1
    name = job["outputs"]["metrics"]
    edited = files | {metrics[0]: json.dumps(job).encode()}
    (tmp_path / "again").mkdir()
    write_archive(tmp_path / "again/b.zip", edited)
    rebuild(tmp_path / "again/b.zip", tmp_path / "again/made")
    edited[name] = tmp_path / "again/made" / name
    done = CliRunner().invoke(main, ["rebuild", str(forged(tmp_path / "job.zip", edited))])
    assert done.exit_code == 1 and f"{metrics[0]}: not as configuration.json plans it: bootstrap\n" in done.output
    assert "0 differ; 1 problems" in done.output


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not valid JSON"), (b"[]", "not a map of keys"), (b"{}", "missing"), (b" " * (1 << 21), "1048576 bytes"),
    ],
)  # fmt: skip
def test_a_configuration_without_a_plan_is_one_line(text: bytes, reason: str) -> None:
    (line,) = unplanned([], text)
    assert line.startswith("configuration.json: no plan to compare the jobs with") and reason in line


def test_a_configuration_of_too_many_trainings_is_not_planned(plan: Plan) -> None:
    values = {**plan.config.to_json(), "seeds": list(range(10_000))}
    (line,) = unplanned([], json.dumps(values).encode())
    assert "more than 20000 trainings" in line


def test_the_printed_cells_are_those_of_the_checkout(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    files = contents(tmp_path / "b.zip")
    name = next(name for name in files if name.startswith("paper/"))
    assert isinstance(files[name], bytes)
    files[name] = files[name].replace(b"1", b"2")  # type: ignore[union-attr]
    assert rebuild(forged(tmp_path / "forged.zip", files)).problems == [f"{name}: not the file of this checkout"]


def test_a_file_of_ones_own_and_the_page_are_not_packed(plan: Plan, tmp_path: Path) -> None:
    for name in ("mine.csv", "notes.md", "captions.pdf", "index.html", "figure2.pdf", "compute.csv", "translation.csv"):
        Path("results", name).write_text("a\n", encoding="utf-8")
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    packed = {name for name in contents(tmp_path / "b.zip") if name.count("/") == 1 and name.startswith("results/")}
    assert packed == {f"results/{name}" for name in ("compute.csv", "table4.csv", "table4.tex", "translation.csv")}


def test_metrics_without_the_file_of_their_job_are_not_packed(plan: Plan, tmp_path: Path) -> None:
    Path("results/jobs/metrics/irra/cuhk_en/seed0/cuhk_en.json").unlink()
    with pytest.raises(UserError, match=r"metrics/irra/cuhk_en/seed0/cuhk_en\.json: the file of its job is missing"):
        make_bundle(plan.config, Path("results"), tmp_path / "b.zip")


def test_a_copy_gives_the_same_bytes_and_no_place_of_the_machine(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "1.zip")
    Path("results").rename("copy")
    for path in Path("copy").rglob("*"):
        path.touch()
    make_bundle(plan.config, Path("copy"), tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        for name in archive.namelist():
            assert str(tmp_path).encode() not in archive.read(name) and str(ROOT).encode() not in archive.read(name), (
                name
            )


def test_results_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned({**HERE, "results": str(tmp_path / "far")})
    ran(plan)
    make_bundle(plan.config, tmp_path / "far", tmp_path / "b.zip")
    found = rebuild(tmp_path / "b.zip")
    assert not found.different and "results/table4.tex" in found.equal


def test_the_metadata_describe_every_file(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        described = json.loads(archive.read("ro-crate-metadata.json"))
        entities = {entity["@id"]: entity for entity in described["@graph"]}
        assert len(entities) == len(described["@graph"])
        files = {name: archive.read(name) for name in archive.namelist() if name != "ro-crate-metadata.json"}
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert {part["@id"] for part in entities["./"]["hasPart"]} == set(files)
    assert {"name", "description", "datePublished", "license"} < set(entities["./"])
    for name, content in files.items():
        assert entities[name]["sha256"] == hashlib.sha256(content).hexdigest()
    assert "synthetic people" in entities["./"]["description"]


def test_the_library_reads_every_file_from_the_archive(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    crate = ROCrate(tmp_path / "b.zip")
    packed = contents(tmp_path / "b.zip")
    assert crate.metadata.version == "1.1" and crate.datePublished.tzinfo is None and crate.license.id == "LICENSE"
    assert {one.id for one in crate.data_entities} == {*packed} - {"ro-crate-metadata.json"}
    assert all(Path(one.source).read_bytes() == packed[one.id] for one in crate.data_entities)
    (action,) = crate.get_by_type("CreateAction")
    assert action["result"] is crate.root_dataset and action["instrument"]["version"] == glalign.__version__


def test_a_name_is_quoted_in_the_metadata_alone() -> None:
    files: dict[str, bytes | Path] = {"results/a b+c=1.csv": b"x", "LICENSE": b""}
    described = json.dumps(metadata(files, "demo", "")).encode()
    assert b"results/a%20b%2Bc%3D1.csv" in described
    assert listed_digests(described, "b.zip") == {
        name: hashlib.sha256(bytes(content)).hexdigest() for name, content in files.items()
    }


def test_no_job_of_a_bundle_reads_an_image_a_caption_or_a_weight() -> None:
    plan = planned()
    for stage in REBUILT:
        for job in plan.jobs[stage].values():
            makers = {path: plan.makers[path] for path in job.inputs if path in plan.makers}
            for path, (maker, key) in makers.items():
                outputs = plan.outputs(maker, plan.jobs[maker][key])
                assert (maker, next(name for name, one in outputs.items() if one == path)) in MAY_BE_PACKED, path


HOSTILE = {
    "a stage that trains": {"stage": "fit"},
    "an output outside": {"outputs": {"csv": "../x.csv", "tex": "results/x.tex"}},
    "an absolute output": {"outputs": {"csv": "/tmp/x.csv", "tex": "results/x.tex"}},
    "an output that is a job": {"outputs": {"csv": "results/jobs/x.json", "tex": "results/x.tex"}},
    "an output of another job": {"outputs": {"csv": "results/table5.csv", "tex": "results/table4.tex"}},
    "an output below a packed file": {"outputs": {"csv": "results/table4.csv/x", "tex": "results/table4.tex"}},
    "a NUL": {"spec": {"paper": "paper/a\0b"}},
    "a command to the terminal": {"spec": {"title": "\x1b[2J"}},
    "a deep specification": {"spec": {"paper": [[[[[["/etc/passwd"]]]]]]}},
    "a missing output": {"outputs": {"csv": "results/x.csv"}},
    "times elsewhere": {"times": "/tmp/x.json"},
    "a record": {"record": "x.json"},
    "a class": {"class_path": "os.system"},
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_job_is_not_run(plan: Plan, tmp_path: Path, change: dict) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    name = "results/jobs/table/4.json"
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        job = json.loads(archive.read(name))
    with pytest.raises(UserError, match=f"{name}.*not run"):
        rebuild(changed(tmp_path / "b.zip", name, json.dumps(job | change).encode()))
    for path in ("/etc/passwd", "results/../../x", "~/x"):
        job["spec"]["paper"] = path
        with pytest.raises(UserError, match=f"{name}: {path}: not below the folder; not run"):
            rebuild(changed(tmp_path / "b.zip", name, json.dumps(job).encode()))


def test_a_job_that_fails_is_one_line(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    name = "results/jobs/metrics/irra/cuhk_en/seed0/cuhk_en.json"
    job = json.loads(contents(tmp_path / "b.zip")[name])  # type: ignore[arg-type]
    for spec in ({"bootstrap": 10**9}, {"ranks": "results"}, {"ranks": "x/" * 3000}, {"ranks": ""}, {"more": 1}):
        with pytest.raises(UserError, match=name):
            rebuild(changed(tmp_path / "b.zip", name, json.dumps(job | {"spec": job["spec"] | spec}).encode()))
    with pytest.raises(UserError, match="no file of a job"):
        rebuild(changed(tmp_path / "b.zip", name, random.Random(1).randbytes(2 << 20)))
    with pytest.raises(UserError, match="not run"):
        rebuild(changed(tmp_path / "b.zip", "times.json", b""))
    with pytest.raises(UserError, match="not run"):
        rebuild(changed(tmp_path / "b.zip", "times.json/x", b""))


def test_no_file_of_the_machine_is_named(plan: Plan, tmp_path: Path) -> None:
    place = "/home/somebody"
    labelled = {"cuhk_en": {"labelled_phrases": f"{place}/l.csv"}, "cuhk_vi": {"translated_phrases": f"{place}/t.csv"}}
    config = planned(HERE | {"datasets": labelled, "sensitivity": {"files": {"D01_fixed": f"{place}/D01.yaml"}}}).config
    make_bundle(config, Path("results"), tmp_path / "b.zip")
    text = contents(tmp_path / "b.zip")["configuration.json"]
    assert b"t.csv" in text and b"D01.yaml" in text  # type: ignore[operator]
    assert place.encode() not in text  # type: ignore[operator]


def test_a_folder_that_cannot_be_made(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    for folder in (Path("/dev/null/x"), tmp_path / ("x" * 300), tmp_path / "b.zip" / "x"):
        with pytest.raises(UserError, match="cannot be written"):
            rebuild(tmp_path / "b.zip", folder)


def test_what_is_missing_is_named(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        make_bundle(plan.config, tmp_path / "none", tmp_path / "b.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no table that was made here"):
        make_bundle(plan.config, tmp_path / "empty", tmp_path / "b.zip")
    Path("results/metrics/irra/cuhk_en/seed0/cuhk_en.json").unlink()
    with pytest.raises(UserError, match=r"irra/cuhk_en/seed0/cuhk_en.json: missing, but .*table/4\.json reads it"):
        make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    write_archive(tmp_path / "other.zip", {"a": b""})
    with pytest.raises(UserError, match="not a bundle"):
        rebuild(tmp_path / "other.zip")


def test_rebuild_needs_neither_torch_nor_the_library_of_the_metadata(plan: Plan, tmp_path: Path) -> None:
    make_bundle(plan.config, Path("results"), tmp_path / "b.zip")
    code = "for name in ('torch', 'rocrate'): sys.modules[name] = None\n"
    code += "from glalign.cli.main import main; main(['rebuild', 'b.zip'])"
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"],
                          cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0 and ", 0 differ" in done.stdout, done.stdout + done.stderr


def test_zenodo_says_what_the_citation_file_says() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert [zenodo[name] for name in ("title", "version", "license", "publication_date", "upload_type")] == [
        *(str(citation[name]) for name in ("title", "version", "license", "date-released")), citation["type"]
    ]  # fmt: skip
    assert [one["name"] for one in zenodo["creators"]] == [one["name"] for one in citation["authors"]]

"""The table of the audit, and `glalign audit`."""

import csv
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.plans import planned

from glalign.audit.finding import SEVERITIES
from glalign.cli.main import main
from glalign.planning.audit_stages import AuditSpec
from glalign.planning.plan import STAGES
from glalign.reporting.audit import COLUMNS, make_audit
from glalign.storage.code_digest import reachable

ROOT = Path(__file__).parents[3]
TABLE = "Method,R@1,R@5\nA,50.12,60.30\nB,55.55,70.00\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    spec = planned().jobs["audit"]["audit"].spec
    assert isinstance(spec, AuditSpec)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        make_audit(spec, folder / "audit.csv", folder / "audit.tex")
    return folder


def test_the_table_is_the_golden_one_and_needs_no_training(made: Path) -> None:
    assert (made / "audit.csv").read_bytes() == (ROOT / "tests/golden/audit.csv").read_bytes()
    job = planned().jobs["audit"]["audit"]
    assert all((ROOT / path).is_file() for path in job.inputs)
    assert "results/audit.csv" in planned().targets()
    assert not {module for module in reachable([STAGES["audit"].module]) if module.startswith("glalign.models")}


def test_its_latex_has_every_finding_and_what_no_finding_proves(made: Path) -> None:
    text = (made / "audit.tex").read_text(encoding="utf-8")
    rows = list(csv.DictReader((made / "audit.csv").open(encoding="utf-8")))
    assert text.count("\n") > len(rows)
    assert r"Table 6, ViTAA & Rank-5 66.20 is larger than Rank-10 59.72 \\" in text
    assert r"10 \% of all numbers would fit" in text
    assert "Not proved by rank order: which of the two numbers is misprinted" in text


def run(*arguments: object) -> tuple[int, list[str]]:
    done = CliRunner().invoke(main, ["audit", *map(str, arguments)])
    return done.exit_code, done.output.splitlines()


def test_a_folder_without_an_impossible_number_exits_with_0(tmp_path: Path) -> None:
    (tmp_path / "table1.csv").write_text(TABLE)
    assert run(tmp_path, "--csv", tmp_path / "out" / "found.csv") == (
        0,
        ["0 findings: 0 impossible, 0 inconsistent, 0 unlikely, 0 note"],
    )
    assert (tmp_path / "out/found.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_a_number_that_is_no_share_exits_with_1_and_is_shown_under_its_severity(tmp_path: Path) -> None:
    (tmp_path / "table1.csv").write_text(TABLE)
    (tmp_path / "table2.csv").write_text(TABLE.replace("A,", "a,"))
    status, lines = run(tmp_path, "--queries", 1000, "--csv", tmp_path / "out" / "found.csv")
    assert status == 1
    assert lines[0] == "impossible: no data give these numbers under what is stated beside them"
    assert lines[1].startswith("  Table 1, A, rank1: 50.12 cannot be a share of 1,000 queries")
    assert lines[-1] == "5 findings: 4 impossible, 0 inconsistent, 0 unlikely, 1 note"
    rows = list(csv.DictReader((tmp_path / "out/found.csv").open()))
    assert [row["severity"] for row in rows] == ["impossible"] * 4 + ["note"]
    assert set(rows[0]) == set(COLUMNS)


def test_a_cell_does_not_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "table1.csv").write_text('method,rank1\n"\x1b[31mred\x1b]0;owned\x07\nimpossible: fake",180.75\n')
    status, lines = run(tmp_path)
    assert status == 1
    assert lines[1].startswith(r"  Table 1, \x1b[31mred\x1b]0;owned\x07\nimpossible: fake: Rank-1 is 180.75")
    assert all(line.isprintable() for line in lines)


def test_the_paper_is_read_by_the_command_as_by_the_stage(tmp_path: Path, made: Path) -> None:
    shutil.copytree(ROOT / "paper", tmp_path / "paper")
    folders = [tmp_path / "paper/reported", tmp_path / "paper/quoted"]
    keywords = ROOT / "glalign/language/lexicon/paper.yaml"
    status, lines = run(*folders, "--keywords", keywords, "--csv", tmp_path / "audit.csv")
    assert status == 1
    assert (tmp_path / "audit.csv").read_bytes() == (made / "audit.csv").read_bytes()
    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")][:4] == list(SEVERITIES)


def test_what_is_no_folder_of_tables_is_refused_in_one_line(tmp_path: Path) -> None:
    assert run(tmp_path / "nothing")[0] == 1
    assert run(tmp_path)[0] == 1
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    done = CliRunner().invoke(main, ["audit", str(tmp_path)])
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)

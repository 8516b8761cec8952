"""The command line: a stage's function takes its outputs by name, and help shows what a person types."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from glalign.cli.main import SECTIONS, main
from glalign.planning.plan import STAGES
from glalign.support.class_source import source_of, tree_of

ROOT = Path(__file__).parents[3]
PASSED = {"folder", "code", "log"}
"""Parameters that every stage's function may have beside its outputs."""


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_calls_a_function_that_takes_its_outputs(name: str) -> None:
    stage = STAGES[name]
    (found,) = [
        node
        for node in tree_of(source_of(stage.module)).body
        if isinstance(node, ast.FunctionDef) and node.name == stage.function.rpartition(".")[2]
    ]
    spec, *others = found.args.args
    assert ast.unparse(spec.annotation).endswith("Spec")
    assert {argument.arg for argument in others} <= {*stage.outputs, *PASSED}


def test_every_command_is_in_a_group_of_the_help() -> None:
    assert {name for names in SECTIONS.values() for name in names} == set(main.commands)
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(f"{title}:" in shown for title in SECTIONS)
    assert "synthesize" not in shown


def test_every_command_that_a_text_names_exists() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("config/*.md"), *ROOT.glob("glalign/**/*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in texts)
    named = set(re.findall(r"`glalign ([a-z][a-z_-]*)", text))
    assert named - set(main.commands) <= {"fit", "show"}, "only the changelog names commands that are gone"


def test_the_cluster_profile_sends_what_may_use_a_gpu_to_its_partition() -> None:
    profile = yaml.safe_load((ROOT / "profiles/slurm/profile.yaml").read_text(encoding="utf-8"))
    assert set(profile["set-resources"]) == {name for name, stage in STAGES.items() if stage.uses_torch} - {"size"}


def test_times_before_any_run_say_so(tmp_path: Path) -> None:
    (tmp_path / "here.yaml").write_text(f"results: {tmp_path}/none\n", encoding="utf-8")
    given = ["--config", str(tmp_path / "here.yaml")]
    assert CliRunner().invoke(main, ["times", *given]).output == f"no job has run in {tmp_path}/none\n"
    asked = CliRunner().invoke(main, ["times", *given, "--", f"{tmp_path}/none/table4.tex"])
    assert asked.output == f"no job behind these has run in {tmp_path}/none\n"


def test_the_stages_are_listed_below_run() -> None:
    shown = CliRunner().invoke(main, ["run", "--help"]).output
    assert all(f"  {name} " in shown for name in STAGES)


def test_an_unknown_stage_or_file_is_one_line(tmp_path) -> None:
    for stage, message in (("fitt", "did you mean 'fit'"), ("fit", "no such file; name a file below results/jobs")):
        done = CliRunner().invoke(main, ["run", stage, str(tmp_path / "job.json")])
        assert done.exit_code == 1
        assert message in done.stderr

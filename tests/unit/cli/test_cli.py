"""The command line only names functions: each is there, in the module whose digest its rule carries."""

import ast
import re
from pathlib import Path

import pytest

from glalign.cli.main import JOBS, main
from glalign.storage.code_digest import STAGES
from glalign.support.class_source import source_of, tree_of

RULES = Path(__file__).parents[3] / "workflow" / "rules"
COMMAND_OF = {"table": "tabulate", "phrase_counts": "phrase-counts", "phobert_vocabulary": "phobert-vocabulary"}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_calls_a_function_that_takes_its_outputs(name: str) -> None:
    path, parameters, _ = JOBS[name]
    module, _, function = path.rpartition(".")
    (found,) = [
        node
        for node in tree_of(source_of(f"glalign.{module}")).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    assert len(found.args.args) == 1 + len(parameters)  # the specification comes first


def test_a_stages_digest_begins_at_the_module_that_its_command_calls() -> None:
    for stage, modules in STAGES.items():
        command = COMMAND_OF.get(stage, stage)
        if command in JOBS:
            assert modules == (f"glalign.{JOBS[command][0].rpartition('.')[0]}",), stage


def test_every_command_of_a_rule_exists_and_every_job_has_a_rule() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in RULES.glob("*.smk"))
    called = set(re.findall(r"python -m glalign ([a-z-]+)", text))
    assert called <= set(main.commands)
    assert set(JOBS) <= called

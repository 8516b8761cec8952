"""Paths that fit a rule: ids of the plan, and misspelt ones so that the plan can name the nearest."""

import re

import pytest
from helpers.plans import planned

from glalign.planning.plan import STAGES, Plan
from glalign.planning.wildcards import one_of, own_patterns, patterns, unknown_table


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()


@pytest.fixture(scope="module")
def rules(plan: Plan) -> dict[tuple[str, str], re.Pattern[str]]:
    """(stage, output) -> what fits it, below the folder of the results."""
    found = {}
    for name, stage in STAGES.items():
        known = patterns(plan) | own_patterns(plan, name)
        for output, path in stage.outputs.items():
            text = re.escape(path.removesuffix("/")).replace(r"\{", "{").replace(r"\}", "}")
            found[name, output] = re.compile(
                re.sub(r"{(\w+)}", lambda name, known=known: f"(?:{known[name[1]]})", text)
            )
    return found


def test_every_output_of_the_plan_fits_the_rule_of_its_stage_alone(plan: Plan, rules: dict) -> None:
    for stage in plan.jobs:
        for path in plan.files(stage):
            fitting = {name for (name, _), rule in rules.items() if rule.fullmatch(path.removeprefix("results/"))}
            assert fitting == {stage}, path


@pytest.mark.parametrize(
    ("stage", "output", "path"),
    [
        ("manifest", "manifest", "manifests/cuhk-en.jsonl"),
        ("tune", "run", "tuning/ira/cuhk_en/rate0.5/steps7/run.json"),
        ("fit", "run", "runs/irra/cuhk_en/seed7/run.json"),
        ("twin", "weights", "pretrained/tiny_clap.safetensors"),
    ],
)
def test_a_misspelt_id_fits_too(rules: dict, stage: str, output: str, path: str) -> None:
    assert rules[stage, output].fullmatch(path)


def test_two_stages_that_make_the_same_files_have_each_their_own_datasets(plan: Plan) -> None:
    assert own_patterns(plan, "synthesize") == {"dataset": "cuhk_en|vn3k"}
    assert own_patterns(plan, "translate") == {"dataset": "v2e|cuhk_vi"}
    assert own_patterns(plan, "manifest") == {}


def test_an_unknown_table_is_neither_a_table_nor_the_document(plan: Plan) -> None:
    found = [
        name
        for name in ("4.csv", "4_extended.tex", "s.tex", "12.csv", "44.tex")
        if re.fullmatch(unknown_table(plan), name)
    ]
    assert found == ["12.csv", "44.tex"]


def test_no_values_fit_nothing() -> None:
    assert re.fullmatch(one_of([]), "") is None
    assert re.fullmatch(one_of(["a.b"]), "axb") is None

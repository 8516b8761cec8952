"""The page's job: after every table, of every cell that runs, and with captions and images only where permitted."""

from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.planning.page_stage import PageSpec
from glalign.planning.plan import STAGES, Plan
from glalign.support.errors import UserError


def spec_of(plan: Plan) -> PageSpec:
    spec = plan.job("page").spec
    assert isinstance(spec, PageSpec)
    return spec


def test_it_is_the_last_stage_and_waits_for_every_table_of_the_default_target() -> None:
    plan = planned()
    assert list(STAGES)[-1] == "page"
    assert "results/index.html" in plan.targets()
    tables = {path for path in plan.targets() if path.endswith((".csv", ".tex"))}
    assert tables <= set(plan.job("page").inputs)
    assert {table.csv for table in spec_of(plan).tables} == {path for path in tables if path.endswith(".csv")}
    titles = [table.title for table in spec_of(plan).tables]
    assert all(titles)
    assert len(set(titles)) == len(titles)


def test_it_reads_what_makes_the_queries_of_drawn_people_hard() -> None:
    plan = planned()
    files = {file for testset in spec_of(plan).testsets for file in (testset.truth, testset.translation) if file}
    assert {Path(file).name for file in files} == {"truth.json", "translation.json"}
    assert files <= set(plan.job("page").inputs)


def test_it_adds_no_job_but_its_own() -> None:
    plan = planned()
    behind = {plan.makers[path] for path in plan.job("page").inputs if path in plan.makers}
    others = {path for path in plan.targets() if path != "results/index.html"}
    waiting, needed = list(others), set()
    while waiting:
        maker = plan.makers.get(waiting.pop())
        if maker and maker not in needed:
            needed.add(maker)
            waiting += plan.jobs[maker[0]][maker[1]].inputs
    assert behind <= needed


def test_it_has_every_result_once_and_every_cell_that_runs_leads_to_one() -> None:
    plan = planned({"seeds": [0, 1]})
    spec = spec_of(plan)
    keys = [result.key for run in spec.runs for result in run.results]
    assert len(set(keys)) == len(keys) == len(plan.jobs["predict"])
    assert {run.record for run in spec.runs if run.record} == {
        path for path in plan.files("fit") if path.endswith("run.json")
    }
    cells = [cell for scenario in spec.scenarios for cell in scenario.cells]
    assert {key for cell in cells for key in cell.results} == set(keys)
    assert all(bool(cell.note) != bool(cell.results) for cell in cells)
    table = next(table for table in spec.tables if table.name == "table4")
    assert table.rows[0] == ("gna_rnn/cuhk_en/seed0", "gna_rnn/cuhk_en/seed1")


def test_released_data_are_shown_only_where_they_are_permitted() -> None:
    released = {"datasets": {"cuhk_en": {"root": "data/CUHK-PEDES"}}}

    def shown(overlay: dict) -> set[str]:
        return {one.id for one in spec_of(planned(overlay)).testsets if one.images is not None}

    assert "cuhk_en" in shown({})
    assert "cuhk_en" not in shown(released)
    assert "cuhk_en" in shown({**released, "page": {"permitted": ["cuhk_en"]}})
    hidden = next(one for one in spec_of(planned(released)).testsets if one.id == "cuhk_en")
    assert hidden.phrases == ""
    with pytest.raises(UserError, match=r"page\.permitted: no dataset 'cuhk'"):
        planned({"page": {"permitted": ["cuhk"]}})

"""The memory that jobs say they need: more than was measured, less for small images, and told where there is less."""

import pytest
from helpers.plans import ROOT, planned

from glalign.config.loading import overlaid
from glalign.planning import short_memory
from glalign.planning.plan import STAGES, make_plan
from glalign.planning.printed_tables import read_reported
from glalign.planning.short_memory import machine_memory
from glalign.planning.short_memory import short_memory as lines_about

MEASURED = {
    "synthesize": 128, "translate": 185, "manifest": 159, "phrases": 247, "parse": 886, "fit": 1202, "tune": 1208,
    "twin": 2249, "vocabulary": 162,
}  # fmt: skip
"""Largest `peak_mib` of the demo's jobs and of the pre-training, on two processors of a laptop."""

SIZE_OF_M_IRRA = 6700
"""Megabytes."""


@pytest.mark.parametrize("stage", MEASURED)
def test_every_stage_declares_what_was_measured_and_no_ten_times_more(stage: str) -> None:
    jobs = planned().jobs[stage].values()
    needs = {STAGES[stage].memory_of(job) for job in jobs}
    assert MEASURED[stage] * 1.05 < min(needs)
    assert max(needs) < max(2000, 3 * MEASURED[stage]) + 1
    assert STAGES["size"].memory > SIZE_OF_M_IRRA


def test_the_paper_profile_s_trainings_need_more_than_the_demo_s_and_no_more_than_their_stage() -> None:
    paper = make_plan(overlaid(ROOT / "config/paper.yaml", root=ROOT), read_reported(ROOT / "paper" / "reported"))
    for stage in ("fit", "predict"):
        demo = max(STAGES[stage].memory_of(job) for job in planned().jobs[stage].values())
        jobs = [job for job in paper.jobs[stage].values() if paper.config.systems[job.ids["system"]].trains]
        needs = [STAGES[stage].memory_of(job) for job in jobs]
        assert demo < 4000
        assert min(needs) >= 5 * demo
        assert max(needs) == STAGES[stage].memory


def test_a_small_machine_is_told_of_the_largest_job_in_one_line() -> None:
    plan = planned()
    sizes, manifests = plan.files("size"), plan.files("manifest")
    assert lines_about(plan, [*sizes, *manifests, "no such file"], 24_000) == []
    assert lines_about(plan, manifests, 4_000) == []
    (line,) = lines_about(plan, sizes, 4_000)
    assert line.startswith("memory: size ")
    assert f"and {len(sizes) - 1} other jobs may need up to 10000 MB, this machine has 4000; a job that" in line
    (line,) = lines_about(plan, sizes[:2], 4_000)
    assert "and 1 other job may need" in line
    (line,) = lines_about(plan, sizes[:1], 4_000)
    assert "other" not in line


def test_a_container_has_the_memory_that_it_may_take(tmp_path, monkeypatch) -> None:
    for text, found in (("4000000000\n", 4000), ("max\n", None), (None, None)):
        limit = tmp_path / f"limit{found}{text and text[0]}"
        if text:
            limit.write_text(text, encoding="ascii")
        monkeypatch.setattr(short_memory, "LIMIT", limit)
        assert machine_memory() == found or (found is None and machine_memory() > 500)

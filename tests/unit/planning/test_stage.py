"""What a stage's declaration says about its jobs' command and resources."""

from dataclasses import replace

import pytest
from helpers.plans import planned

from glalign.planning.plan import STAGES


def test_a_training_takes_threads_in_each_process_and_other_stages_take_what_they_use() -> None:
    assert [STAGES[name].processors(3, 2) for name in ("fit", "predict", "table")] == [6, 3, 1]


def test_processes_of_a_training_are_started_by_torchrun() -> None:
    assert STAGES["fit"].launch(1) == STAGES["predict"].launch(2) == "python -m glalign"
    assert "--nproc-per-node 2 " in STAGES["fit"].launch(2)


@pytest.mark.parametrize(("device", "counts"), [("cpu", [0, 0, 0, 0]), ("cuda", [2, 1, 0, 1])])
def test_a_job_on_cuda_takes_a_gpu_for_each_process(device: str, counts: list[int]) -> None:
    plan = planned({"device": device, "processes": 2})
    first = [next(iter(plan.jobs[stage].values())) for stage in ("fit", "predict", "metrics", "twin")]
    assert [job.gpus for job in first] == counts


def test_the_ids_of_a_stage_are_those_of_its_key() -> None:
    assert STAGES["fit"].ids == ("system", "trainset", "seed")
    assert STAGES["matrix"].ids == ()
    assert replace(STAGES["matrix"], key="alpha{alpha}").ids == ("alpha",)

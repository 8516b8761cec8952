"""What a training step of every trainable system asks of a GPU, counted on a CPU: exact numbers without noise."""

import math

import pytest
from helpers.systems import SYSTEMS, build, make_batch

from glalign.config.training import Optim, Runtime
from glalign.cost.step_counts import count_step

LAUNCHES = {
    "gna_rnn": 661,
    "dual_path": 780,
    "pham2022": 780,
    "vitaa": 822,
    "srcf": 1725,
    "irra": 993,
    "plot": 2298,
    "rasa": 1130,
    "m_irra": 1243,
    "pham2021": 822,
    "glalign": 755,
    "glalign_global": 648,
    "glalign_local": 681,
    "tbps_clip": 965,
    "clip_zero_shot": 554,
    "pham2022/vi": 780,
    "pham2021/vi": 822,
    "m_irra/vi": 1243,
    "glalign/vi": 1088,
    "tbps_clip/vi": 1308,
    "clip_zero_shot/vi": 766,
}
"""Operations of a step (forward, backward, AdamW) at demo size with torch 2.14; lower one when a system gets by with
fewer."""


pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_system_has_its_number() -> None:
    assert LAUNCHES.keys() == SYSTEMS.keys()


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_a_step_waits_once_and_launches_no_more_than_before(name: str) -> None:
    """The host waits where the loss terms are read, behind the backward pass, and nowhere else."""
    model = build(name)
    counted = count_step(model, lambda step: make_batch(name, model, seed=step), Optim(name="adamw", lr=1e-3))
    assert dict(counted.synchronisations) == {"tolist": 1}
    assert 100 < counted.launches.total() <= LAUNCHES.get(name, math.inf)


@pytest.mark.parametrize("name", ["glalign", "irra", "plot", "vitaa", "m_irra"])
def test_one_group_of_captions_launches_less(name: str) -> None:
    model = build(name)

    def launches(runtime: Runtime) -> int:
        batch = {"batch_of": lambda step: make_batch(name, model, seed=step), "optim": Optim(name="adamw", lr=1e-3)}
        return count_step(model, runtime=runtime, **batch).launches.total()

    assert launches(Runtime(fused=True, length_buckets=1)) < 0.85 * launches(Runtime(fused=True))

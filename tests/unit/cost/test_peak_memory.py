"""The estimate of a training's memory against sums by hand, and what is said of a GPU that is too small."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from glalign.config.loading import layered, merge, overlaid, resolve
from glalign.config.training import Data, Memory, Optim, Runtime
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.specs.training import StepSpec
from glalign.cost.peak_memory import estimate_peak_memory
from glalign.engine.memory import GIB, Live, Peak, advice, bytes_of, estimate, explained, judge
from glalign.language.tokenizers import WordTokenizer
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
CPU = torch.device("cpu")
WIDE, DEEP = 4000, 6
SPEC = StepSpec(system="deep", data=Data(image_size=(4, 2), batch_size=12), optim=Optim(name="adam", lr=0.1))


def changed(**values: Any) -> StepSpec:
    """SPEC with other values."""
    return SPEC.model_copy(update=values)


class Deep(Retriever):
    """A stack of sines: each keeps its input, as many numbers as it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = WordTokenizer(("a", "man"), 50, unknown=True)
        self.first = nn.Linear(24, WIDE)
        self.frozen = nn.Parameter(torch.zeros(1000), requires_grad=False)
        self.register_buffer("queue", torch.zeros(3000))

    def loss(self, batch: Batch) -> dict[str, torch.Tensor]:
        x = self.first(batch.pixels.flatten(1))
        for _ in range(DEEP):
            x = x.sin()
        return {"all": x.mean()}


def test_weights_gradients_and_states_are_counted() -> None:
    peak = estimate(Deep(), SPEC, CPU)
    trained = 4 * (24 * WIDE + WIDE)
    assert (peak.weights, peak.gradients, peak.optimizer) == (trained + 4 * 1000 + 4 * 3000, trained, 2 * trained)
    momentum, none = (Optim(name="sgd", lr=0.1, momentum=value) for value in (0.9, 0.0))
    assert estimate(Deep(), changed(optim=momentum), CPU).optimizer == trained
    assert estimate(Deep(), changed(optim=none), CPU).optimizer == 0


def test_a_step_keeps_what_a_hand_would_count() -> None:
    """DEEP inputs of sines; at the first of the backward pass the last output, its gradient and a factor beside."""
    peak = estimate(Deep(), changed(optim=Optim(name="sgd", lr=0.1)), CPU)
    assert DEEP * WIDE * 4 <= peak.per_pair <= (DEEP + 3.2) * WIDE * 4
    assert peak.step == pytest.approx(12 * peak.per_pair, rel=0.1)


def test_parts_of_a_batch_need_less() -> None:
    whole, parts = (estimate(Deep(), changed(memory=Memory(accumulate=n)), CPU) for n in (1, 3))
    assert (whole.pairs, parts.pairs) == (12, 4)
    assert parts.step < whole.step


def test_memory_that_is_free_again_counts_no_more() -> None:
    known = torch.zeros(1000)
    with Live([known]) as live:
        for _ in range(5):
            x = torch.zeros(250) + 1  # two of 1,000 bytes at a time, then one
        view = known[:3]
    assert live.now == x.nbytes
    assert live.peak == 3 * x.nbytes
    del x, view
    assert live.now == 0


def test_a_gpu_that_is_too_small_is_told_with_what_to_change() -> None:
    peak = Peak(GIB, GIB, 2 * GIB, 4 * GIB, 64, 0.0625 * GIB)
    layer = nn.Sequential(nn.TransformerEncoderLayer(4, 2))
    spec = changed(data=Data(image_size=(4, 2), batch_size=64))
    judge(peak, 9 * GIB, spec, layer)
    with pytest.raises(UserError) as told:
        judge(peak, 8 * GIB, spec, layer)
    message = str(told.value)
    assert "\n" not in message
    assert "about 8.00 GiB (weights 1.00, gradients 1.00, optimiser 2.00, step of 64 pairs 4.00)" in message
    assert "has 8.00 GiB" in message
    assert "`runtime.precision: bf16` and `systems.deep.memory.checkpoint_activations: true`, which leave" in message
    assert "`systems.deep.memory.accumulate: 2`" in message  # 51 pairs would fit, two parts of 32 do
    assert "data.batch_size` below 64 changes the loss" in message


def test_only_what_is_left_to_do_is_advised() -> None:
    done = changed(runtime=Runtime(precision="bf16"), memory=Memory(checkpoint_activations=True, accumulate=2))
    assert advice(done, nn.Sequential(nn.TransformerEncoderLayer(4, 2))).startswith(
        "`systems.deep.memory.accumulate: 4` or a"
    )
    assert "checkpoint_activations" not in advice(SPEC, nn.Linear(2, 2))
    assert "accumulate" not in advice(SPEC, nn.Linear(2, 2), pairs=0)


def test_out_of_memory_is_explained() -> None:
    said = r"systems\.deep: the GPU is out of memory \(CUDA out of memory\); set `runtime"
    with pytest.raises(UserError, match=said), explained(SPEC, Deep()):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    with pytest.raises(RuntimeError, match="other"), explained(SPEC, Deep()):
        raise RuntimeError("other")


@pytest.mark.parametrize("text", ["8", "8 TB", "much", "", f"{'9' * 400}GB"])
def test_a_size_needs_a_unit(text: str) -> None:
    with pytest.raises(UserError, match="--gpu"):
        bytes_of(text)


def test_the_command_has_a_line_per_system_and_refuses_what_does_not_fit() -> None:
    config = overlaid(root=ROOT)
    (line,) = estimate_peak_memory(config, ["glalign"], "vi", None)
    assert line.startswith("glalign ")
    assert "step of 64 pairs" in line
    lines = estimate_peak_memory(config, ["vitaa", "irra"], "en", "0.06GB")
    assert [next(lines)[:5] for _ in range(3)] == ["vitaa", "     ", "irra "]
    with pytest.raises(UserError, match="of the trainings are too large"):
        list(lines)
    with pytest.raises(UserError, match=r"glaling: no system.*did you mean 'glalign'"):
        list(estimate_peak_memory(config, ["glaling"], "en", None))


def test_a_network_that_cannot_be_built_is_said_of_its_system() -> None:
    layers = [layered(root=ROOT), {"systems": {"irra": {"data": {"image_size": [65, 32]}}}}]
    config = resolve(merge(*layers))
    with pytest.raises(UserError, match=r"^systems\.irra: data\.image_size: \[65, 32\] is not a multiple"):
        list(estimate_peak_memory(config, ["irra"], "en", None))


def test_low_precision_and_recomputing_need_less() -> None:
    values = layered(root=ROOT)

    def step(**changes: Any) -> float:
        overlay = {"runtime": changes.pop("runtime", {}), "systems": {"glalign": {"memory": changes}}}
        (line,) = estimate_peak_memory(resolve(merge(values, overlay)), ["glalign"], "en", None)
        return float(line.split("pairs ")[1].rstrip(")"))

    assert step(checkpoint_activations=True) < step(runtime={"precision": "bf16"}) < step()

"""A step at original size: seconds, arithmetic, memory against the estimate, waits of the host."""

from collections.abc import Iterator
from typing import Any

import torch

from glalign.config.training import Runtime
from glalign.contract.retriever import Retriever
from glalign.cost.size import CAPTION_WORDS
from glalign.engine.memory import GIB, MARGIN, WORDS, Peak, estimate
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.originals import LATE, STEPS, Original
from glalign.gpu_check.peaks import peak_of
from glalign.gpu_check.synchronisations import synchronisations
from glalign.gpu_check.timing import seconds_of
from glalign.gpu_check.trainings import random_training

SECONDS = 3.0
"""Seconds that the timed steps of one precision take at most, or one step."""

RUNTIMES = {"fp32": Runtime(), "bf16": Runtime(precision="bf16", tf32=True, fused=True, length_buckets=1)}
"""How a step computes in the paper profile, and in config/paper_fast.yaml."""


def check_original(original: Original, setting: Setting) -> Iterator[Line]:
    """Yield a line about memory, and one about the steps in fp32 and in bf16."""
    before = torch.cuda.memory_allocated(setting.device) if setting.cuda else 0
    model = original.build()
    expected = estimate(model, original.step_spec(RUNTIMES["fp32"]), setting.device)
    try:
        if setting.cuda:
            yield memory_line(original, model, expected, before, setting.device)
        else:
            text = f"memory is measured on CUDA alone; estimated {expected}"
            yield Line("original", original.name, "left out", text, {"estimated": expected.total})
        for precision in RUNTIMES:
            if precision == "bf16" and setting.cuda and not torch.cuda.is_bf16_supported():
                yield Line("original", original.name, "left out", "bf16: this GPU has no such arithmetic")
                continue
            yield step_line(original, model, precision, setting)
    except torch.OutOfMemoryError:
        room = torch.cuda.mem_get_info(setting.device)[1]
        text = f"{original.pairs} pairs need about {expected}, the card has {room / GIB:.1f} GiB"
        yield Line("original", original.name, "does not fit", text, {"estimated": expected.total, "room": room})


def memory_line(original: Original, model: Retriever, expected: Peak, before: int, device: torch.device) -> Line:
    """The peak of two steps with the estimate's captions, beside the estimate; too low an estimate is a fault."""
    training = random_training(model, original.spec.optim, original.batches(model, WORDS), STEPS, device)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    for step in range(LATE, LATE + 2):
        training.update(step)
    found = torch.cuda.max_memory_allocated(device) - before
    held = torch.cuda.max_memory_reserved(device)
    share = found / expected.total
    text = f"peak {found / GIB:.2f} GiB ({held / GIB:.2f} reserved), {share:.2f} of the estimate: {expected}"
    values = {"peak": found, "reserved": held, "estimated": expected.total, "share": share}
    return Line("original", original.name, "ok" if share <= 1 + MARGIN else "differs", text, values)


def step_line(original: Original, model: Retriever, precision: str, setting: Setting) -> Line:
    """The engine's step on batches that are ready, with captions of the length that multiply-adds are counted for."""
    device, runtime = setting.device, RUNTIMES[precision]
    batches = original.batches(model, CAPTION_WORDS)
    training = random_training(model, original.spec.optim, batches, STEPS, device, runtime)
    allowed = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = runtime.tf32
    try:
        seconds = seconds_of(training.update, device, 0.0 if setting.small else SECONDS, LATE)
        waits = synchronisations(lambda: training.update(STEPS - 1)) if setting.cuda else None
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = allowed
    setting.pairs_per_second[f"{original.name} {precision}"] = original.pairs / seconds
    values: dict[str, Any] = {"precision": precision, "seconds": seconds, "pairs": original.pairs}
    text = f"{precision}: {seconds:.3f} s a step of {original.pairs} pairs"
    arithmetic, found = arithmetic_of(original, seconds, precision, setting)
    if waits is not None:
        found |= {"synchronisations": sum(waits.values()), "places": dict(waits.most_common())}
        arithmetic += f", {sum(waits.values())} synchronisations"
    return Line("original", original.name, "ok", text + arithmetic, values | found)


def arithmetic_of(original: Original, seconds: float, precision: str, setting: Setting) -> tuple[str, dict[str, Any]]:
    """TFLOP/s of a step and their share of the card's peak, as text and as values."""
    if original.flops is None:
        return ", its multiply-adds were never counted (benchmarks/costs.py)", {}
    rate = original.flops / seconds / 1e12
    peak = peak_of(torch.cuda.get_device_name(setting.device)) if setting.cuda else None
    most = getattr(peak, precision, None)
    text = f", {rate:.3g} TFLOP/s" + (f", {rate / most:.1%} of the {precision} peak of {most:g}" if most else "")
    return text, {"tflops": rate, "peak": most, "mfu": rate / most if most else None}

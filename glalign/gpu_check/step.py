"""One training step of a small system: on the device against the CPU, and in low precision against fp32."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from glalign.config.settings import System
from glalign.config.training import Memory, Runtime
from glalign.engine.precision import prepare_layers
from glalign.gpu_check.differences import furthest
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.systems import build, loss_terms, small_batch
from glalign.support.dotted_names import class_named

CPU = torch.device("cpu")
STEP = 9  # of ten: every loss term counts at the end of a training
TOLERANCE = 1e-3
"""Largest difference of a loss term or a parameter's gradient, as a share of its norm."""

IN_DOUBLE = frozenset({"baselines.dual_path.DualPath", "baselines.plot.Plot"})
"""Classes whose gradients are compared in float64, because a value lies so near a kink that float32 decides its side.
Relative changes of the random weights by 1e-7, as far as float32 rounds, move a gradient by .16 of its norm in
Dual-path (the maximum over words) and by .002 in PLOT (a ReLU of its slot attention), and by less than 6e-6 in all
others."""

NEAR = 0.03
"""Largest difference of a loss in bf16 or fp16, as a share; bf16 has eight bits."""


def check_step(name: str, entry: System, setting: Setting) -> Iterator[Line]:
    """Yield a line about the step in fp32, and one for each lower precision."""
    found = step_of(entry, setting.device)
    terms, gradients = (furthest(*pair) for pair in zip(found, step_of(entry, CPU), strict=True))
    double = in_double(entry)
    if double:
        both = (step_of(entry, device, torch.float64)[1] for device in (setting.device, CPU))
        gradients = furthest(*both)
    good = max(terms.share, gradients.share) <= TOLERANCE
    kind = "gradients in float64" if double else "gradients"
    text = f"loss within {terms.share:.1e} of the CPU's, {kind} within {gradients.share:.1e} ({gradients.name})"
    values = {"loss": terms.share, "gradients": gradients.share, "tensor": gradients.name, "float64": double}
    yield Line("step", name, "ok" if good else "differs", text, values)
    whole = float(sum(found[0].values()))
    for precision in ("bf16", "fp16"):
        if precision == "bf16" and setting.cuda and not torch.cuda.is_bf16_supported():
            yield Line("step", name, "left out", "this GPU has no bf16 arithmetic")
            continue
        loss, finite = low_loss(entry, setting.device, precision)
        share = abs(loss - whole) / abs(whole)
        good = math.isfinite(loss) and share <= NEAR and finite
        text = f"{precision}: loss {share:.2%} from fp32's" + ("" if finite else ", and a gradient is not finite")
        yield Line("step", name, "ok" if good else "differs", text, {"precision": precision, "loss": share})


def in_double(entry: System) -> bool:
    """Whether the gradients of a system are compared in float64."""
    kind = class_named(str(entry.class_path))
    return any(f"{base.__module__}.{base.__qualname__}" in IN_DOUBLE for base in kind.__mro__)


def step_of(
    entry: System, device: torch.device, dtype: torch.dtype = torch.float32
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(loss terms, gradients by parameter) of one step with the same random weights, without dropout."""
    model = build(entry, dropout=False).to(device, dtype)
    batch = small_batch(entry, model)
    batch = replace(batch, pixels=batch.pixels.to(dtype), parts=None if batch.parts is None else batch.parts.to(dtype))
    terms = loss_terms(model, batch.to(device), STEP)
    torch.stack(list(terms.values())).sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {name: value.detach() for name, value in terms.items()}, gradients


def low_loss(entry: System, device: torch.device, precision: Literal["bf16", "fp16"]) -> tuple[float, bool]:
    """The loss with layers in low precision, and whether its gradients are finite; fp16's may overflow at first."""
    model = build(entry, dropout=False).to(device)
    lowered = prepare_layers(model, Runtime(precision=precision), Memory(), entry.label, device)
    with lowered.training():
        total = torch.stack(list(loss_terms(model, small_batch(entry, model).to(device), STEP).values())).sum()
    lowered.backward(total)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    finite = precision == "fp16" or all(bool(gradient.isfinite().all()) for gradient in gradients)
    return float(total.detach()), finite

"""Peak memory of a training, estimated before it starts from two training steps on a few pairs."""

import contextlib
import gc
import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from glalign.contract.retriever import Batch, Retriever
from glalign.contract.specs.training import FitSpec, StepSpec
from glalign.contract.training_info import TrainingInfo
from glalign.engine.layers import TRANSFORMER, layers
from glalign.engine.precision import Precision, prepare_layers
from glalign.engine.specimen import specimen
from glalign.models.data_parallel import processes
from glalign.storage.weight_files import Weights
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError
from glalign.support.progress import log

GIB = 1 << 30
MARGIN = 0.1  # share of a GPU that stays free for fragments of its allocator and workspaces of libraries
PAIRS = (2, 4)  # of the two steps: memory is affine in them, except for the logits of pairs with pairs
WORDS = 40
"""Words of every caption in these steps; CUHK-PEDES's mean is 26 (the paper's Table 3), a batch is as wide as its
longest caption."""


@dataclass(frozen=True)
class Peak:
    """Bytes of a training at its peak; the gradients are those of the trained parameters.

    step: everything else of a step with `pairs` pairs, or of a part of an accumulated batch. per_pair: growth of `step`
    with each pair.
    """

    weights: int
    gradients: int
    optimizer: int
    step: int
    pairs: int
    per_pair: float

    @property
    def total(self) -> int:
        """The sum in bytes."""
        return self.weights + self.gradients + self.optimizer + self.step

    def fits(self, room: float) -> int:
        """Number of pairs at a time that fit into `room` bytes, without the margin."""
        left = room * (1 - MARGIN) - (self.total - self.step)
        return max(0, int(self.pairs + (left - self.step) / max(1.0, self.per_pair)))

    def __str__(self) -> str:
        parts = {"weights": self.weights, "gradients": self.gradients, "optimiser": self.optimizer}
        parts[f"step of {self.pairs} pairs"] = self.step
        return f"{self.total / GIB:.2f} GiB ({', '.join(f'{name} {size / GIB:.2f}' for name, size in parts.items())})"


class Live(TorchDispatchMode):
    """Counts the bytes of tensors that are created while it is entered: `now`, and their `peak`.

    `known` tensors do not count. While `backward` is set, tensors with the shape of a known one do not count either:
    they are gradients.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()
        known = list(known)
        self.now, self.peak, self.backward = 0, 0, False
        self._held = {tensor.untyped_storage()._cdata: 0 for tensor in known}
        self._shapes = {shape for tensor in known for shape in (tensor.shape, tensor.shape[::-1])}

    def __torch_dispatch__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor) and not (self.backward and value.shape in self._shapes):
                self.add(value)
        return result

    def add(self, tensor: Tensor) -> None:
        """Count the memory of a tensor, once, until it is freed."""
        storage = tensor.untyped_storage()
        if (key := storage._cdata) not in self._held:
            self._held[key] = storage.nbytes()
            self.now += self._held[key]
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._free, key)

    def _free(self, key: int) -> None:
        self.now -= self._held.pop(key)


def estimate(model: Retriever, spec: StepSpec, device: torch.device) -> Peak:
    """Estimate the peak memory of the training of `model`, which cannot be used afterwards.

    The two steps are at the end of the training, when every loss term counts. Gradients are dropped at once, so that
    the steps show only what depends on the batch.
    """
    precision = prepare_layers(model.to(device), spec.runtime, spec.memory, spec.system, device)
    model.train()
    model.before_step(999, 1000)
    counts = [n * processes() for n in PAIRS]  # each process has as many rows of them
    batches = (specimen(model, spec.data.image_size, range(n), words=(WORDS, WORDS)) for n in counts)
    sizes = [_step(model, precision, batch, device) for batch in batches]
    trained = sum(p.nbytes for p in model.parameters() if p.requires_grad)
    pairs = -(-spec.data.batch_size // spec.memory.accumulate)
    per_pair = max(0.0, (sizes[1] - sizes[0]) / (counts[1] - counts[0]))
    step = round(sizes[0] + per_pair * (pairs - counts[0]))
    if not spec.runtime.one_kernel and spec.optim.name != "sgd":
        step = max(step, trained)  # torch's step of many tensors at once copies the gradients for a moment
    weights = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    return Peak(weights, trained, spec.optim.moments * trained, step, pairs, per_pair)


def check_memory(spec: FitSpec, info: TrainingInfo, device: torch.device) -> None:
    """Log the estimate, made with a second model. Raises: UserError with what to change, if the GPU is too small."""
    room = torch.cuda.mem_get_info(device)[0]
    kind: type[Retriever] = class_named(spec.class_path)
    model = kind.build(spec.model, spec.data.image_size, info, Weights(Path(spec.weights), load=False))
    with explained(spec, model):
        peak = estimate(model, spec, device)
    log.info("%s: needs about %s of GPU memory, %.2f GiB are free", spec.system, peak, room / GIB)
    judge(peak, room, spec, model)
    del model
    gc.collect()  # wrapped layers refer to themselves
    torch.cuda.empty_cache()


def judge(peak: Peak, room: float, spec: StepSpec, model: nn.Module) -> None:
    """Raises: UserError with what to change, if a peak does not fit into `room` bytes less the MARGIN."""
    if peak.total > room * (1 - MARGIN):
        raise UserError(
            f"systems.{spec.system}: the training needs about {peak} and the GPU has {room / GIB:.2f} GiB, of which "
            f"{MARGIN:.0%} should stay free; {advice(spec, model, peak.fits(room))}"
        )


@contextlib.contextmanager
def explained(spec: StepSpec, model: nn.Module) -> Iterator[None]:
    """Turn torch's out-of-memory error into a UserError with what to change."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        reason = f"systems.{spec.system}: the GPU is out of memory ({str(error).partition('. ')[0]})"
        raise UserError(f"{reason}; {advice(spec, model)}, or let nothing else run on this GPU") from error


def advice(spec: StepSpec, model: nn.Module, pairs: int | None = None) -> str:
    """Keys that make a training smaller; first those that keep its loss. pairs: how many at a time fit, if known."""
    place, memory, batch = f"systems.{spec.system}", spec.memory, spec.data.batch_size
    same = []
    if spec.runtime.precision == "fp32":
        same.append("`runtime.precision: bf16`")
    if not memory.checkpoint_activations and any(layers(model, TRANSFORMER)):
        same.append(f"`{place}.memory.checkpoint_activations: true`")
    fewest = 2 * memory.accumulate if pairs is None else -(-batch // max(1, pairs))
    parts = next((n for n in range(fewest, batch // 2 + 1) if batch % n == 0), None)
    smaller = [f"`{place}.memory.accumulate: {parts}`"] if parts and pairs != 0 else []
    other = " or ".join([*smaller, f"a `{place}.data.batch_size` below {batch}"])
    first = f"set {' and '.join(same)}, which leave the loss as it is but for rounding; else " if same else ""
    return f"{first}{other} changes the loss, which then compares fewer pairs"


def bytes_of(text: str) -> int:
    """Parse a size such as 8GB or 7.5 GiB. Raises: UserError for anything else.

    >>> bytes_of("8GB"), bytes_of("2 GiB")
    (8000000000, 2147483648)
    """
    found = re.fullmatch(r"\s*(\d{1,6}(?:\.\d+)?)\s*(GB|GiB)\s*", text)
    if not found:
        raise UserError(f"--gpu: {text!r} is no size of memory; write 8GB or 8GiB")
    return int(float(found[1]) * {"GB": 10**9, "GiB": GIB}[found[2]])


def _step(model: Retriever, precision: Precision, batch: Batch, device: torch.device) -> int:
    """Peak bytes of one step beyond weights, gradients and the optimiser's state."""
    hooks = [p.register_post_accumulate_grad_hook(_drop) for p in model.parameters() if p.requires_grad]
    try:
        with Live((*model.parameters(), *model.buffers())) as live:
            batch = batch.to(device)
            for field in fields(batch):
                if isinstance(value := getattr(batch, field.name), Tensor):
                    live.add(value)
            with precision.training():
                total = torch.stack(list(model.loss(batch).values())).sum()
            live.backward = True
            precision.backward(total)
    finally:
        for hook in hooks:
            hook.remove()
    return live.peak


def _drop(parameter: Tensor) -> None:
    parameter.grad = None

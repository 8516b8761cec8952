"""What every torch job sets before its first operation: threads, determinism, device, arithmetic."""

import os
from dataclasses import dataclass

import torch

from glalign.errors import UserError


@dataclass(frozen=True)
class Runtime:
    """The `runtime:` keys of a configuration: how trainings use the hardware. The defaults change no number.

    precision: of what runs inside transformer layers and convolution trunks, fp32, bf16 or fp16; losses are always
    fp32. tf32: matrix products and convolutions of float32 values round their factors to TF32 on CUDA. deterministic:
    only kernels that give the same bytes every time. fused: one kernel for the optimiser's step. compile: torch.compile
    of the same layers. prefetch: batches that threads make ahead of the step that needs them. image_cache: folder for
    decoded images that do not fit into memory, None to decode them every time.
    """

    precision: str = "fp32"
    tf32: bool = False
    deterministic: bool = True
    fused: bool = False
    compile: bool = False
    prefetch: int = 0
    image_cache: str | None = None


@dataclass(frozen=True)
class MemoryOptions:
    """The `memory:` keys of a system.

    accumulate: a step's batch goes through the network in so many equal parts, whose gradients are averaged; a loss
    that compares the pairs of a batch compares those of a part. checkpoint_activations: the results inside transformer
    layers are computed again for the backward pass instead of being kept; nothing else changes.
    """

    accumulate: int = 1
    checkpoint_activations: bool = False

    def check(self, batch: int, group: int, where: str) -> None:
        """Raises: UserError naming the key below `where` unless each part has as many pairs, and whole groups of them.

        group: pairs of a person that belong together in a batch, 1 if none do.
        """
        pairs, rest = divmod(batch, self.accumulate)
        if rest or pairs % group or (pairs < 2 <= batch):
            groups = f" into groups of {group}" if group > 1 else ""
            raise UserError(f"{where}.accumulate: {self.accumulate} does not divide the batch of {batch}{groups}")


STRICT = Runtime()
"""Float32 and deterministic: how everything but a training runs."""


def prepare(threads: int, device: str, runtime: Runtime = STRICT) -> torch.device:
    """Fix threads and kernels; return the device. Raises UserError when CUDA is asked for and absent or lacks bf16."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is only deterministic with it
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(runtime.deterministic)
    # Memory that is about to be written need not be filled first: a sixth of a small system's step.
    torch.utils.deterministic.fill_uninitialized_memory = False
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device: cuda is asked for, but torch finds no CUDA device; set `device: cpu` or install a CUDA build"
        )
    if device == "cuda" and runtime.precision == "bf16" and not torch.cuda.is_bf16_supported():
        raise UserError("runtime.precision: this GPU has no bf16 arithmetic; choose fp16 or fp32")
    torch.backends.cuda.matmul.allow_tf32 = runtime.tf32
    torch.backends.cudnn.allow_tf32 = runtime.tf32
    torch.backends.cudnn.benchmark = not runtime.deterministic  # trying kernels out picks a different one every time
    return torch.device(device)

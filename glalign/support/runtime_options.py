"""How trainings use the hardware: options that a plan can check without torch."""

from dataclasses import dataclass

from glalign.support.errors import UserError


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
        """Raises: UserError naming the key below `where` unless each part has as many pairs, at least
        two, and whole groups of them.

        group: pairs of a person that belong together in a batch, 1 if none do.
        """
        pairs, rest = divmod(batch, self.accumulate)
        if rest or pairs % group or (pairs < 2 <= batch):
            parts = f"groups of {group}" if group > 1 else "parts of two pairs or more"
            raise UserError(f"{where}.accumulate: {self.accumulate} does not divide the batch of {batch} into {parts}")


def moments(optimizer: str, momentum: float) -> int:
    """Numbers that an optimiser keeps per trained parameter: Adam's two averages, SGD's momentum if it has one."""
    return int(momentum > 0) if optimizer == "sgd" else 2

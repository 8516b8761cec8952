"""The sections that a training is made of: images and batches, optimiser, length, hardware."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, Strict, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from glalign.config.base import Section, Several, refused
from glalign.support.errors import UserError
from glalign.support.instruction_set import Portable

STATISTICS: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    # OpenAI's CLIP, the Normalize of its image transform (D25).
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    # torchvision's ImageNet models, e.g. ResNet50_Weights.transforms().
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    # Maps 0..1 to -1..1: SSAN's and timm's "inception" preprocessing.
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Channel means and standard deviations of each `data.normalise`, RGB on 0..1."""


def _no_number(value: object) -> object:
    """A choice between true, false and a text; Python takes 1 for true."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticKnownError("literal_error", {"expected": "true, false or a text"})
    return value


class Data(Section):
    """Images and batches of a system."""

    image_size: Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Strict(False)] = Field(
        description="height and width in pixels; images are resized straight to it, or as `centre_crop` says (D25)"
    )
    batch_size: int = Field(ge=1, description="pairs of a training step")
    resize: Literal["bilinear", "bicubic"] = Field(
        "bilinear", description="filter of the resizing, Pillow's with antialiasing (D25)"
    )
    resize_at_test: Literal["bilinear", "bicubic"] | None = Field(
        None, description="the filter for validation and test images where it is another; null for `resize`"
    )
    centre_crop: bool = Field(
        False, description="resize an image in its own shape until it covers `image_size`, and cut out the centre, in "
        "training, validation and test; part label maps alike (D25)"
    )  # fmt: skip
    normalise: Literal["clip", "imagenet", "half"] = Field("clip", description="mean and deviation of the pixels (D25)")
    flip: Annotated[Literal[True, False, "no_sides"], BeforeValidator(_no_number)] = Field(
        True, description="mirror half of the images; no_sides spares captions that say left or right (D25)"
    )
    crop: int = Field(0, ge=0, description="largest shift in pixels of pad-and-crop")
    erase: float = Field(0.0, ge=0, le=1, description="probability of a random box erased")
    jitter: float = Field(0.0, ge=0, lt=1, description="strength of brightness, contrast and saturation jitter")
    rotate: float = Field(0.0, ge=0, le=180, description="largest angle in degrees")
    sampling: Literal["pairs", "identity", "groups"] | None = Field(
        None, description="an epoch: every pair once, one caption of each image's identity, or groups of pairs of a "
        "person (D26); null for the class's own"
    )  # fmt: skip
    group: int = Field(4, ge=1, description="pairs of a person in a batch of groups")
    sources: Literal["union", "balanced"] = Field(
        "union", description="several datasets of a trainset: mixed as one, or in every batch as many items of each, "
        "the smaller ones repeated (D26)"
    )  # fmt: skip

    @property
    def gallery_resize(self) -> str:
        """Filter of the resizing of validation and test images."""
        return self.resize_at_test or self.resize

    def epoch(self, sizes: Sequence[float]) -> float:
        """Items of an epoch over sources with so many items each: all, or as many of each as of the largest (D26)."""
        return len(sizes) * max(sizes) if self.sources == "balanced" else sum(sizes)

    def together(self, sampling: str, datasets: int) -> int:
        """Pairs that no part of a batch divides: a group of a person, or one of each dataset that is balanced."""
        return (self.group if sampling == "groups" else 1) * (datasets if self.sources == "balanced" else 1)

    @model_validator(mode="after")
    def _groups_divide_the_batch(self) -> Self:
        if self.sampling == "groups" and self.batch_size % self.group:
            wanted = f"a positive integer that divides the batch of {self.batch_size}"
            raise refused("group", f"{self.group!r} is not {wanted}")
        return self


class Optim(Section):
    """Optimiser and learning rate. A parameter's rate is its group's base rate times the schedule's factor."""

    name: Literal["sgd", "adam", "adamw"] = Field(
        description="sgd with Nesterov momentum, adam (decay added to the gradient) or adamw (decoupled decay)"
    )
    lr: float = Field(gt=0, description="peak learning rate")
    weight_decay: float = Field(0.0, ge=0, description="weight decay")
    betas: Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]], Strict(False)] = (
        Field((0.9, 0.999), description="decay of adam's two averages")
    )
    eps: float = Field(1e-8, gt=0, description="adam's epsilon")
    momentum: float = Field(0.9, ge=0, lt=1, description="sgd's momentum")
    schedule: Literal["constant", "cosine", "steps"] = Field("constant", description="course of the rate")
    warmup: float = Field(0.0, ge=0, le=1, description="share of the training with a rising rate")
    warmup_from: float = Field(0.1, ge=0, le=1, description="factor at which the rise begins")
    floor: float = Field(0.0, ge=0, le=1, description="factor at which the cosine ends")
    milestones: Several[Annotated[float, Field(ge=0, le=1)]] = Field(
        (), description="shares of the training at which `steps` lowers the rate"
    )
    gamma: float = Field(0.1, gt=0, description="factor of each milestone")
    clip: float = Field(0.0, ge=0, description="largest norm of the gradient; 0 for none")

    @property
    def moments(self) -> int:
        """Numbers kept per trained parameter: Adam's two averages, SGD's momentum if it has one."""
        return int(self.momentum > 0) if self.name == "sgd" else 2


class Budget(Section):
    """Length of a training; either `steps` or `epochs` is given."""

    steps: int | None = Field(None, ge=0, le=10**9, description="optimiser steps; 0 keeps the pre-trained weights")
    epochs: float | None = Field(None, gt=0, le=1e6, description="length in epochs where steps is null")
    validate_every: int = Field(1000, ge=1, description="steps between two validations")
    checkpoint_every: int = Field(
        1000, ge=1, description="steps between two checkpoints; a killed training goes on from the last"
    )
    log_every: int = Field(10, ge=1, description="steps between two lines of train.jsonl")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise PydanticCustomError("length", "give steps or epochs, and null for the other")
        return self

    def scaled(self, factor: float) -> Self:
        """The budget of a training that is `factor` times as long; steps are rounded, to at least one."""
        if self.epochs is not None:
            return self.model_copy(update={"epochs": factor * self.epochs})
        return self.model_copy(update={"steps": max(1, round(factor * self.steps)) if self.steps else 0})


class Memory(Section):
    """How a training is made to fit a GPU."""

    accumulate: int = Field(
        1, ge=1, description="equal parts of a step's batch whose gradients are averaged; a contrastive loss compares "
        "the pairs of a part, not of the whole batch"
    )  # fmt: skip
    checkpoint_activations: bool = Field(
        False, description="compute transformer layers again in the backward pass: the same gradients in less memory"
    )

    def check(self, batch: int, group: int, where: str) -> None:
        """Every part has as many pairs, at least two, and whole groups of `group` pairs of a person (1 for none).

        Raises: UserError naming the key below `where`.
        """
        pairs, rest = divmod(batch, self.accumulate)
        if rest or pairs % group or (pairs < 2 <= batch):
            parts = f"groups of {group}" if group > 1 else "parts of two pairs or more"
            raise UserError(f"{where}.accumulate: {self.accumulate} does not divide the batch of {batch} into {parts}")


class Runtime(Section):
    """How trainings use the hardware. The defaults change no number; every other value is a new training."""

    portable: Annotated[Portable, BeforeValidator(_no_number)] = Field(
        False, description="of every job: AVX2 instructions, so that all processors of a vendor give the same bytes; "
        "any_vendor: AMD's and Intel's, too, with slower matrix products"
    )  # fmt: skip
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        "fp32", description="of transformer layers and convolution trunks, fp16 with a scaled loss; features, logits "
        "and losses are float32"
    )  # fmt: skip
    tf32: bool = Field(False, description="float32 products and convolutions on CUDA with factors rounded to TF32")
    deterministic: bool = Field(
        True, description="only kernels that give the same bytes every time; false also lets cuDNN choose the fastest"
    )
    fused: bool = Field(False, description="one kernel per group for the optimiser's step")
    compile: bool = Field(False, description="torch.compile of layers and trunks")
    length_buckets: int = Field(
        4, ge=1, description="groups of similar length in which the captions of a step are encoded: more have less "
        "padding, one launches the fewest kernels"
    )  # fmt: skip
    prefetch: int = Field(0, ge=0, description="batches made ahead by as many threads; the same batches")
    image_cache: str | None = Field(
        None, description="folder for decoded images that do not fit into 1 GiB; null decodes them every time"
    )

    @property
    def one_kernel(self) -> bool:
        """Whether the optimiser's step is one kernel, whose square root is exact; MKL's depends on the processor."""
        return self.fused or bool(self.portable)

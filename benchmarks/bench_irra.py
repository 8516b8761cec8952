"""CPU time of IRRA at original size, ours against the original code: a training step by parts, and encoding.

python benchmarks/bench_irra.py CHECKOUT [--batch N] [--steps N] [--fused]

CHECKOUT is a clone of https://github.com/anosorae/IRRA, whose model and optimiser are imported from there. Both start
from the same random weights and see the same images, the same captions of 12 to 40 words and the same masked words; the
original pads captions to 77 tokens, as its loader does. One thread, float32; the two take turns, step by step, and the
medians of the process's CPU time are compared. The loss terms of the first step show that both do the same work: `mlm`
differs a little, because the original's blocks attend to more padding. --fused: ours with `runtime.fused`.
"""

import argparse
import importlib
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.irra import Irra
from glalign.config.training import Optim
from glalign.contract.retriever import Batch
from glalign.engine.optim import make_optimizer
from glalign.engine.specimen import specimen
from glalign.gpu_check.originals import LATE, original_systems, read_config
from glalign.support.errors import UserError
from glalign.support.torch_settings import prepare

IMPORTED = ("model/build.py", "model/clip_model.py", "model/objectives.py", "solver/build.py")
ENCODING = ("images", "captions")
CONTEXT, WORDS = 77, (12, 40)
RENAMED = {
    "towers.": "base_model.",
    "ln_text.": "ln_pre_t.",
    "ln_image.": "ln_pre_i.",
    "cross_attention.": "cross_attn.",
    "cross_blocks.": "cross_modal_transformer.resblocks.",
    "mlm_head.0.": "mlm_head.dense.",
    "mlm_head.2.": "mlm_head.ln.",
    "mlm_head.3.": "mlm_head.fc.",
}
"""Prefixes of our parameters, and of the original's."""


class Ours:
    """Our system with the optimiser of its configuration."""

    def __init__(self, model: Irra, optim: Optim, *, fused: bool) -> None:
        groups = model.parameter_groups(optim.lr, optim.weight_decay)
        self.model, self.optimizer = model, make_optimizer(groups, optim, fused=fused)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The loss terms of a step."""
        return self.model.loss(batch)

    def encode(self, batch: Batch, side: str) -> Tensor:
        """The features of one side."""
        return (self.model.encode_images if side == "images" else self.model.encode_texts)(batch)["global"]


class Theirs:
    """The original's model with the weights of ours, and its optimiser."""

    def __init__(self, checkout: Path, ours: Irra, optim: Optim) -> None:
        build, clip, solver = imported(checkout)
        sizes = SimpleNamespace(
            pretrain_choice="ViT-B/16",
            img_size=(384, 128),
            stride_size=16,
            loss_names="sdm+id+mlm",
            temperature=ours.options.tau,
            cmt_depth=ours.options.cross_depth,
            vocab_size=ours.tokenizer.vocab_size,
            id_loss_weight=1.0,
            mlm_loss_weight=1.0,
        )
        # The original loads a released file here; no network is needed for weights that are replaced below.
        build.build_CLIP_from_openai_pretrained = lambda _, size, stride: random_clip(clip.CLIP, ours, size, stride)
        self.model = build.IRRA(sizes, ours.classifier.out_features)
        self.model.load_state_dict(dict(renamed(ours.state_dict())))
        # It rounds features to half precision for a classifier of half precision; here all weights are float32.
        self.model.classifier.register_forward_pre_hook(lambda _, values: tuple(value.float() for value in values))
        rates = SimpleNamespace(
            optimizer="Adam",
            lr=optim.lr,
            lr_factor=5.0,
            bias_lr_factor=2.0,
            weight_decay=optim.weight_decay,
            weight_decay_bias=0.0,
            alpha=optim.betas[0],
            beta=optim.betas[1],
        )
        self.optimizer, self.mask = solver.build_optimizer(rates, self.model), ours.mask_captions

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The loss terms of a step; all of them see the masked captions, as released."""
        masked, chosen = self.mask(batch)
        values = {
            "images": batch.pixels,
            "pids": batch.person,
            "caption_ids": padded(masked),
            "mlm_ids": padded(masked),
            "mlm_labels": padded(batch.tokens * chosen),
        }
        found = self.model(values)
        return {name.removesuffix("_loss"): value for name, value in found.items() if name.endswith("_loss")}

    def encode(self, batch: Batch, side: str) -> Tensor:
        """The features of one side."""
        images = side == "images"
        features = self.model.encode_image(batch.pixels) if images else self.model.encode_text(padded(batch.tokens))
        return F.normalize(features)


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--fused", action="store_true")
    given = parser.parse_args()
    check_files(given.checkout)
    prepare(1, "cpu")
    original = original_systems(read_config(small=False))["irra"]
    model, optim = original.build(), original.spec.optim
    assert isinstance(model, Irra)
    sides = {"ours": Ours(model, optim, fused=given.fused), "theirs": Theirs(given.checkout, model, optim)}
    batch = specimen(model, (384, 128), [number // 2 for number in range(given.batch)], words=WORDS)
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for step in range(given.steps + 1):
        for name in sorted(sides, reverse=bool(step % 2)):
            found, terms = timed_step(sides[name], batch, step)
            if step == 0:  # the optimiser makes its state in it
                print(f"{name:8}", *(f"{term} {value:.4f}" for term, value in terms.items()))
                continue
            for part, seconds in found.items():
                times[name, part].append(seconds)
    print(f"{'CPU seconds, medians of ' + str(given.steps):28} {'ours':>8} {'theirs':>8} {'ratio':>7}")
    for part in dict.fromkeys(part for _, part in times):
        mine, other = (statistics.median(times[name, part]) for name in sides)
        print(f"{part:28} {mine:8.3f} {other:8.3f} {mine / other:7.2f}")


def check_files(checkout: Path) -> None:
    """Raises: UserError naming the file that is missing, if a folder is no checkout of the original."""
    for name in IMPORTED:
        if not (checkout / name).is_file():
            raise UserError(
                f"{checkout}: {name} is missing; name a checkout made by `git clone https://github.com/anosorae/IRRA`"
            )


def imported(checkout: Path) -> list[Any]:
    """Its modules for the model, for CLIP and for the optimiser."""
    sys.path.insert(0, str(checkout.resolve()))
    return [importlib.import_module(name) for name in ("model.build", "model.clip_model", "solver.build")]


def random_clip(kind: Callable[..., nn.Module], ours: Irra, size: tuple[int, int], stride: int) -> tuple[Any, Any]:
    """The original's CLIP with the sizes of ours, and what its loader returns beside it."""
    visual, text = ours.towers.visual, ours.towers.transformer
    model = kind(
        embed_dim=ours.embed_dim,
        image_resolution=size,
        vision_layers=len(visual.transformer.resblocks),
        vision_width=visual.conv1.out_channels,
        vision_patch_size=visual.conv1.kernel_size[0],
        stride_size=stride,
        context_length=CONTEXT,
        vocab_size=ours.tokenizer.vocab_size,
        transformer_width=ours.towers.ln_final.normalized_shape[0],
        transformer_heads=text.resblocks[0].attn.num_heads,
        transformer_layers=len(text.resblocks),
    )
    return model, {"embed_dim": ours.embed_dim}


def renamed(tensors: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Our weights under the original's names."""
    for name, value in tensors.items():
        prefix = next(filter(name.startswith, RENAMED), "")
        yield RENAMED.get(prefix, "") + name.removeprefix(prefix), value


def padded(ids: Tensor) -> Tensor:
    """Captions (B, T) with the original's padding, (B, 77)."""
    return F.pad(ids, (0, CONTEXT - ids.shape[1]))


def timed_step(side: Ours | Theirs, batch: Batch, step: int) -> tuple[dict[str, float], dict[str, float]]:
    """Do a step and encode both sides of the batch; return CPU seconds by part, and the loss terms."""
    seconds: dict[str, float] = {}

    def timed(part: str, action: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = action()
        seconds[part] = time.process_time() - start
        return result

    batch = replace(batch, generator=torch.Generator().manual_seed(LATE + step))
    side.model.train()
    side.optimizer.zero_grad()
    terms = timed("forward", lambda: side.terms(batch))
    timed("backward", torch.stack(list(terms.values())).sum().backward)
    timed("optimiser", side.optimizer.step)
    seconds["step"] = sum(seconds.values())
    side.optimizer.zero_grad()  # of the gradients only those of one side are in memory
    side.model.eval()
    with torch.inference_mode():
        for what in ENCODING:
            timed(f"encode {what}", lambda what=what: side.encode(batch, what))
    return seconds, {name: value.item() for name, value in terms.items()}


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

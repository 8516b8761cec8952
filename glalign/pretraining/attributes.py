"""Pre-training of a CNN's trunk by attribute classification, in place of ImageNet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.training import Data
from glalign.contract.specs.twins import PretrainSpec
from glalign.data.augment import flip, jitter, normalise
from glalign.data.draws import factors, flips
from glalign.engine.optim import make_optimizer, rate_factor, set_rates
from glalign.models.towers.backbones import VGG_NAMES, resnet_trunk, vgg_trunk
from glalign.pretraining.corpus import Corpus, draw_corpus
from glalign.storage.weight_files import save_weights
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare


class AttributeClassifier(nn.Module):
    """A trunk with one linear classifier per attribute; a trunk that ends in a map is average-pooled."""

    def __init__(self, trunk: nn.Module, values: Mapping[str, list[str]]) -> None:
        super().__init__()
        self.trunk, channels = trunk, cast(int, trunk.channels)
        self.heads = nn.ModuleDict({name: nn.Linear(channels, len(known)) for name, known in values.items()})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Logits (B, values) per attribute."""
        feature = self.trunk(pixels)
        feature = feature.mean(dim=(2, 3)) if feature.ndim == 4 else feature
        return {name: head(feature) for name, head in self.heads.items()}


def pretrain_trunk(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train a trunk to classify attributes: the mean of the cross-entropies of those that are visible in the batch."""
    assert spec.corpus and spec.data and spec.optim and spec.validate_every
    prepare(spec.threads, "cpu")
    options, optim = spec.data, spec.optim
    train, held_out = draw_corpus(spec.corpus, options.image_size).split(spec.held_out)
    values = attribute_values(train)
    torch.manual_seed(seed_for(spec.seed, "weights"))
    model = AttributeClassifier(trunk_of(**spec.model), values)
    parameters = [{"params": list(model.parameters()), "lr": optim.lr, "weight_decay": optim.weight_decay}]
    optimizer, factor = make_optimizer(parameters, optim), rate_factor(optim, spec.steps)
    labels, lines = attribute_labels(train, values), []
    with Progress(f"pretrain {spec.name}", spec.steps, "step") as progress:
        for step in range(spec.steps):
            stream = torch.Generator().manual_seed(seed_for(spec.seed, "batch", step))
            rows = torch.randint(len(train.records), (options.batch_size,), generator=stream)
            pixels = torch.from_numpy(train.images.batch(rows.numpy()))
            pixels = flip(pixels, flips(torch.ones(len(rows), dtype=torch.bool), stream))
            pixels = normalise(jitter(pixels, factors(len(rows), options.jitter, stream)), options.normalise)
            set_rates(optimizer, factor(step))
            drawn = {name: known[rows] for name, known in labels.items() if (known[rows] >= 0).any()}
            logits = model.train()(pixels)
            loss = torch.stack([F.cross_entropy(logits[name], known) for name, known in drawn.items()]).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if (step + 1) % spec.validate_every == 0 or step + 1 == spec.steps:
                accuracy = attribute_accuracy(model, held_out, values, options)
                lines.append({"step": step + 1, "loss": float(loss.detach()), "held_out_accuracy": accuracy})
            progress.update(1, f"loss {float(loss.detach()):.3f}")
    save_weights(out, model.trunk.state_dict())
    return {"attributes": {name: len(known) for name, known in values.items()}, "course": lines}


def trunk_of(backbone: str, **options: Any) -> nn.Module:
    """Build the trunk of a recipe's `model`; options: arguments of its function, such as a VGG's dropout."""
    return (vgg_trunk if backbone in VGG_NAMES else resnet_trunk)(backbone, **options)


def attribute_values(corpus: Corpus) -> dict[str, list[str]]:
    """The sorted values of every attribute with more than one value; not of sides, which a flipped image exchanges."""
    found: dict[str, set[str]] = {}
    for visible in corpus.attributes:
        for name, value in visible.items():
            if not name.endswith("_side"):
                found.setdefault(name, set()).add(str(value))
    return {name: sorted(known) for name, known in sorted(found.items()) if len(known) > 1}


def attribute_labels(corpus: Corpus, values: Mapping[str, list[str]]) -> dict[str, Tensor]:
    """Class index (N,) per attribute; -100, which cross-entropy ignores, where it is not visible or unknown."""
    labels = {}
    for name, known in values.items():
        index = {value: i for i, value in enumerate(known)}
        labels[name] = torch.tensor([index.get(str(visible.get(name)), -100) for visible in corpus.attributes])
    return labels


@torch.no_grad()
def attribute_accuracy(
    model: AttributeClassifier, corpus: Corpus, values: Mapping[str, list[str]], options: Data
) -> float:
    """Accuracy in percent over the images in which an attribute is visible, averaged over attributes."""
    pixels = normalise(torch.from_numpy(corpus.images.pixels), options.normalise)
    logits, labels = model.eval()(pixels), attribute_labels(corpus, values)
    visible = {name: known for name, known in labels.items() if (known >= 0).any()}
    shares = [(logits[name].argmax(1) == known)[known >= 0].float().mean() for name, known in visible.items()]
    return 100.0 * float(torch.stack(shares).mean())

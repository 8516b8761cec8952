"""The tiny CLIP: contrastive pre-training of both towers on whole images and whole captions."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from glalign.contract.records import Record, queries
from glalign.contract.retriever import Retriever
from glalign.contract.specs.twins import PretrainSpec
from glalign.contract.training_info import TrainingInfo
from glalign.data.pairs import Pairs
from glalign.data.retrieval_set import RetrievalSet
from glalign.engine.optim import make_optimizer
from glalign.engine.training import Training
from glalign.models.glalign import GLAlign
from glalign.models.losses.logit_scale import LogitScale
from glalign.pretraining.corpus import draw_corpus
from glalign.storage.weight_files import LOGIT_SCALE, UNFILLED, save_weights
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare


def pretrain_clip(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Contrastive pre-training by Eqs. 7-9 alone, as CLIP's: systems start from weights trained without parts."""

    def build(image_size: tuple[int, int]) -> GLAlign:
        # Targets by identity: in a corpus this small a batch often holds two captions of one person.
        chosen = {**spec.model, "alpha": 1.0, "targets": "identity"}
        return GLAlign.build(chosen, image_size, TrainingInfo(0, 0), UNFILLED)

    return train_towers(spec, build, out)


def train_towers(spec: PretrainSpec, build: Callable[[tuple[int, int]], Retriever], out: Path) -> dict[str, Any]:
    """Train the model that `build` makes for an image size on the corpus; write its `towers`, and the logarithm of its
    logit scale where it has one, to `out`.

    Returns: the languages of the corpus, the size of the held-out gallery, the course of the training with Rank-1 of
    all held-out captions, and the final Rank-1 of the captions in each language.
    """
    assert spec.corpus and spec.data and spec.optim and spec.sampling and spec.validate_every
    device = prepare(spec.threads, "cpu")  # the twins are tiny, and a CPU gives the same bytes everywhere
    options, optim = spec.data, spec.optim
    train, held_out = draw_corpus(spec.corpus, options.image_size).split(spec.held_out)
    torch.manual_seed(seed_for(spec.seed, "weights"))
    model = build(options.image_size)
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim)
    pairs = Pairs(train.records, train.images, model.tokenizer, options, seed=spec.seed, sampling=spec.sampling)

    def retrieval_set(records: list[Record]) -> RetrievalSet:
        """The captions of `records` against all held-out images."""
        captions, gallery, images = queries(records), held_out.records, held_out.images
        people = ([("pretrain", one.person) for one in captions], [("pretrain", one.person) for one in gallery])
        return RetrievalSet(captions, gallery, *people, images, None, None, options, model.tokenizer)

    validation = retrieval_set(held_out.records)
    training = Training(model, optimizer, optim, pairs, validation, spec.steps, spec.seed, device)
    lines = []
    with Progress(f"pretrain {spec.name}", spec.steps, "step") as progress:
        for step in range(spec.steps):
            terms = training.update(step)
            if (step + 1) % spec.validate_every == 0 or step + 1 == spec.steps:
                lines.append({"step": step + 1, "loss": terms["loss"], "held_out_rank1": training.validate()})
            progress.update(1, f"loss {terms['loss']:.3f} {json.dumps(lines[-1:])}")
    towers: Any = model.towers
    tensors = towers.state_dict()
    if isinstance(scale := getattr(model, "scale", None), LogitScale):
        tensors[LOGIT_SCALE] = scale().detach().log()
    save_weights(out, tensors, towers.about())
    spoken = {language: retrieval_set(held_out.records_in(language)) for language in held_out.languages}
    ranks = {language: replace(training, validation=data).validate() for language, data in spoken.items()}
    about = {"languages": list(held_out.languages), "held_out_gallery": len(held_out.records)}
    return {**about, "held_out_rank1": ranks, "course": lines}

"""The tiny CLIP: contrastive pre-training of both towers on whole images and whole captions."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from glalign.config.data_section import DataOptions
from glalign.config.from_mapping import from_mapping
from glalign.contract.records import Query, Record, queries
from glalign.contract.retriever import Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.data.job_datasets import RetrievalSet
from glalign.data.pairs import Pairs
from glalign.engine.fit import Training
from glalign.engine.optim import OptimOptions, make_optimizer
from glalign.models.glalign import GLAlign
from glalign.pretraining.corpus import draw_corpus
from glalign.storage.weight_files import UNFILLED, save_weights
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare


def pretrain_clip(spec: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Contrastive pre-training of both towers on whole images and whole captions (Eqs. 7-9 alone, as CLIP's).

    No local loss: every system that starts from these weights starts from the same, part-blind ones.
    """

    def build(image_size: tuple[int, int]) -> GLAlign:
        # Targets by identity: in a corpus this small a batch often holds two captions of one person.
        chosen = {**spec["model"], "alpha": 1.0, "targets": "identity"}
        return GLAlign.build(chosen, image_size, TrainingInfo(0, 0), UNFILLED)

    return train_towers(spec, build, out)


def train_towers(spec: Mapping[str, Any], build: Callable[[tuple[int, int]], Retriever], out: Path) -> dict[str, Any]:
    """Train what `build` makes for an image size on the corpus, and write its `towers` to `out`.

    Returns the languages of the corpus, the size of the held-out gallery, the course of the training with Rank-1 of all
    held-out captions, and at its end that of the captions in each language.
    """
    device = prepare(spec["threads"], "cpu")  # tiny on purpose, and the same bytes wherever it is remade
    options = DataOptions.from_config(spec["data"], "pretraining.data")
    train, held_out = draw_corpus(spec["corpus"], options.image_size).split(spec["held_out"])
    torch.manual_seed(seed_for(spec["seed"], "weights"))
    model = build(options.image_size)
    optim = from_mapping(OptimOptions, spec["optim"], "pretraining.optim")
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim)
    pairs = Pairs(train.records, train.pictures, model.tokenizer, options, seed=spec["seed"], sampling=spec["sampling"])

    def asking(records: list[Record]) -> RetrievalSet:
        asked, shown = queries(records), held_out.records
        people = named(asked), named(shown)
        return RetrievalSet(asked, shown, *people, held_out.pictures, None, None, options, model.tokenizer)

    validation = asking(held_out.records)
    training = Training(model, optimizer, optim, pairs, validation, spec["steps"], spec["seed"], device)
    lines = []
    with Progress(f"pretrain {spec['name']}", spec["steps"], "step") as progress:
        for step in range(spec["steps"]):
            terms = training.update(step)
            if (step + 1) % spec["validate_every"] == 0 or step + 1 == spec["steps"]:
                lines.append({"step": step + 1, "loss": terms["loss"], "held_out_rank1": training.validate()})
            progress.update(1, f"loss {terms['loss']:.3f} {json.dumps(lines[-1:])}")
    save_weights(out, model.towers.state_dict(), model.towers.about())
    ranks = {
        language: replace(training, validation=asking(held_out.told_in(language))).validate()
        for language in held_out.languages
    }
    record = {"languages": list(held_out.languages), "held_out_gallery": len(held_out.records)}
    return {**record, "held_out_rank1": ranks, "course": lines}


def named(items: Iterable[Record | Query]) -> list[tuple[str, int]]:
    """(numbering, person) of records or queries; a corpus has one numbering."""
    return [("pretrain", item.person) for item in items]

"""What a system costs at its size: parameters, multiply-adds, width of its features; by building and running it."""

import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from glalign.config.data_section import DataOptions
from glalign.config.from_mapping import from_mapping
from glalign.contract.retriever import Features, Retriever, TrainingInfo
from glalign.cost.cost_table import GALLERY
from glalign.engine.optim import OptimOptions, make_optimizer
from glalign.engine.specimen import WORDS, specimen
from glalign.language.tokenizers import FileTokenizer
from glalign.pretraining.phobert_vocabulary import END, MARKS, merge
from glalign.storage.weight_files import VOCABULARY, Weights
from glalign.storage.whole_files import write_json
from glalign.support.dotted_names import class_named
from glalign.support.errors import within
from glalign.support.torch_settings import prepare

CAPTION_WORDS = 26
"""Mean length of a CUHK-PEDES caption in the paper's Table 3."""

PAIRS = 2


def measure(spec: Mapping[str, Any], out: Path) -> None:
    """Build a system with random weights, train it one step and let it encode and score a batch of two; write a record.

    spec: system, class, model, data, optim, identities, words (dictionary size), vocabularies {name: [family, size]}.
    The record: parameters (all, trained, buffers' numbers), multiply-adds of one image, one caption of 26 words and
    one query against 3,074 images (second stage included), numbers per stored image and caption.
    """
    prepare(spec["threads"], "cpu")
    options = DataOptions.from_config(spec["data"], f"systems.{spec['system']}.data")
    model = with_stand_ins(spec, options)
    trained = train_once(model, spec, options)
    record = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained": trained,
        "buffers": sum(b.numel() for b in model.buffers()),
        **costs(model, options.image_size),
    }
    write_json(out, record)


def with_stand_ins(spec: Mapping[str, Any], options: DataOptions) -> Retriever:
    """The system of a specification as in `measure`, with random weights and stand-ins for its vocabularies."""
    torch.manual_seed(0)
    facts = TrainingInfo(spec["identities"], 1000, dictionary(spec["words"]))
    with tempfile.TemporaryDirectory() as folder:
        for name, (family, size) in spec["vocabularies"].items():
            stand_in(Path(folder), name, family, size)
        weights = Weights(Path(folder), load=False)
        with within(f"systems.{spec['system']}"):
            return class_named(spec["class"]).build(spec["model"], options.image_size, facts, weights)


def dictionary(count: int) -> tuple[tuple[str, int], ...]:
    """`count` different words, all frequent: the specimen's and fillers."""
    fillers = (f"w{number}" for number in range(max(0, count - len(WORDS))))
    return tuple((word, 1000) for word in (*WORDS[:count], *fillers))


def stand_in(folder: Path, name: str, family: str, size: int) -> None:
    """A vocabulary of the real one's size, for networks whose values are random anyway."""
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415

    if family == "phobert":
        vocabulary, merges = stand_in_pair(size)
        (folder / f"{name}.vocab.txt").write_text(vocabulary, encoding="utf-8")
        (folder / f"{name}.bpe.codes").write_text(merges, encoding="utf-8")
        return
    marks = FileTokenizer.SPECIAL_TOKENS[family]
    words = [*marks, *(word for word, _ in dictionary(size - len(marks)))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=marks[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / f"{name}{VOCABULARY}"))


def stand_in_pair(size: int) -> tuple[str, str]:
    """The same as the texts of PhoBERT's two files: fillers and the specimen's words, each of which is one piece."""
    codes = merge({word: [*word[:-1], word[-1] + END] for word in WORDS}, Counter(dict.fromkeys(WORDS, 2)), size)
    vocabulary = "".join(f"{word} {count}\n" for word, count in dictionary(size - MARKS))
    return vocabulary, "".join(f"{left} {right} {count}\n" for left, right, count in codes)


def train_once(model: Retriever, spec: Mapping[str, Any], options: DataOptions) -> int:
    """One step on two pairs at the end of the training, when every term counts; returns the parameters trained."""
    optim = from_mapping(OptimOptions, spec["optim"], f"systems.{spec['system']}.optim")
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim)
    model.train()
    model.before_step(999, 1000)
    batch = specimen(model, options.image_size, range(PAIRS), words=(CAPTION_WORDS, CAPTION_WORDS))
    torch.stack(list(model.loss(batch).values())).sum().backward()
    optimizer.step()
    # Released at once: an optimiser's moments are twice the size of the network.
    optimizer.zero_grad(set_to_none=True)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def costs(model: Retriever, image_size: tuple[int, int]) -> dict[str, Any]:
    """Multiply-adds and stored numbers; scoring is measured on one and two images, since it is affine in them."""
    model.eval().requires_grad_(False)  # the counter follows the gradients of what it watches
    batch = specimen(model, image_size, range(PAIRS), words=(CAPTION_WORDS, CAPTION_WORDS))
    found: dict[str, Any] = {}
    with torch.inference_mode():
        images, found["image"] = counted(lambda: model.encode_images(batch))
        texts, found["caption"] = counted(lambda: model.encode_texts(batch))
        query = {name: value[:1] for name, value in texts.items()}
        one = {name: value[:1] for name, value in images.items()}
        _, first = counted(lambda: model.similarity(query, one))
        _, both = counted(lambda: model.similarity(query, images))
        score = first + (both - first) * (GALLERY - 1)  # what is done once per query, and once per image
        if model.rerank_top:
            pairs = torch.tensor([[0, 0], [0, 1]])
            _, fine = counted(lambda: model.rerank(query, images, pairs))
            score += fine / PAIRS * min(model.rerank_top, GALLERY)
    found = {name: round(value / PAIRS) for name, value in found.items()}
    return {
        "multiply_adds": {**found, "query": round(score)},
        "stored": {"image": numbers(images), "caption": numbers(texts)},
        "embedding": model.embed_dim,
    }


def counted(run: Callable[[], Any]) -> tuple[Any, int]:
    """What `run` returns and its multiply-adds (matrix products, convolutions and attention, as torch counts them)."""
    counter = FlopCounterMode(display=False)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        # Fused kernels of an LSTM, of attention and of a transformer's layer are not seen by the counter; what they
        # fuse is.
        with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH):
            warnings.filterwarnings("ignore", message="TF32 acceleration")
            with torch.backends.mkldnn.flags(enabled=False), counter:
                result = run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return result, counter.get_total_flops() // 2


def numbers(features: Features) -> int:
    """Numbers stored per item."""
    return sum(value[0].numel() for value in features.values())

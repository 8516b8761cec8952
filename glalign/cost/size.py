"""Costs of a system, by building and running it: parameters, multiply-adds, width of its features."""

import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from glalign.config.training import Data, Optim
from glalign.contract.results import MultiplyAdds, SizeRecord, Stored
from glalign.contract.retriever import Features, Retriever
from glalign.contract.specs.training import BuildSpec
from glalign.contract.training_info import TrainingInfo
from glalign.cost.cost_table import GALLERY
from glalign.engine.optim import make_optimizer
from glalign.engine.specimen import WORDS, specimen
from glalign.language.tokenizers import FileTokenizer
from glalign.pretraining.byte_pair_merges import merge
from glalign.pretraining.phobert_vocabulary import END, MARKS
from glalign.storage.weight_files import VOCABULARY, Weights
from glalign.storage.whole_files import write_json, write_text
from glalign.support.dotted_names import class_named
from glalign.support.errors import within
from glalign.support.torch_settings import prepare

CAPTION_WORDS, PAIRS = 26, 2
"""Mean length of a CUHK-PEDES caption in the paper's Table 3, and pairs of the batch."""


def measure(spec: BuildSpec, size: Path) -> None:
    """Build a system with random weights, train it one step, let it encode and score a batch of two; write a record.

    The record has multiply-adds of one image, of one caption of 26 words, and of one query against 3,074 images (second
    stage included).
    """
    prepare(spec.threads, "cpu")
    model = build_with_stand_ins(spec)
    trained = train_once(model, spec.data, spec.optim)
    multiply_adds, stored = count_scoring(model, spec.data.image_size)
    parameters, buffers = (sum(one.numel() for one in found) for found in (model.parameters(), model.buffers()))
    counts = {"parameters": parameters, "trained": trained, "buffers": buffers, "embedding": model.embed_dim}
    write_json(size, SizeRecord(**counts, multiply_adds=multiply_adds, stored=stored).to_json())


def build_with_stand_ins(spec: BuildSpec) -> Retriever:
    """Build a system with random weights and stand-in vocabularies. Raises: UserError naming it when that fails."""
    torch.manual_seed(0)
    info = TrainingInfo(spec.identities, 1000, dictionary(spec.words))
    with tempfile.TemporaryDirectory() as folder:
        for name, (family, size) in spec.vocabularies.items():
            write_stand_in(Path(folder), name, family, size)
        kind: type[Retriever] = class_named(spec.class_path)
        with within(f"systems.{spec.system}"):
            return kind.build(spec.model, spec.data.image_size, info, Weights(Path(folder), load=False))


def dictionary(count: int) -> tuple[tuple[str, int], ...]:
    """`count` different words, all frequent: those of the specimen, then fillers."""
    fillers = (f"w{number}" for number in range(max(0, count - len(WORDS))))
    return tuple((word, 1000) for word in (*WORDS[:count], *fillers))


def write_stand_in(folder: Path, name: str, family: str, size: int) -> None:
    """Write a vocabulary of the same size as the real one, for networks with random weights."""
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415

    if family == "phobert":  # the specimen's words, each one piece, and fillers
        codes = merge({word: [*word[:-1], word[-1] + END] for word in WORDS}, Counter(dict.fromkeys(WORDS, 2)), size)
        pieces = (f"{word} {count}\n" for word, count in dictionary(size - MARKS))
        merges = (f"{left} {right} {count}\n" for left, right, count in codes)
        write_text(folder / f"{name}.vocab.txt", "".join(pieces))
        write_text(folder / f"{name}.bpe.codes", "".join(merges))
        return
    marks = list(dict.fromkeys(filter(None, FileTokenizer.SPECIAL_TOKENS[family])))
    words = [*marks, *(word for word, _ in dictionary(size - len(marks)))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=marks[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    write_text(folder / f"{name}{VOCABULARY}", tokenizer.to_str())


def train_once(model: Retriever, data: Data, optim: Optim) -> int:
    """Do one step on two pairs at the end of a training, when every loss term counts; count trained parameters."""
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim)
    model.train()
    model.before_step(999, 1000)
    batch = specimen(model, data.image_size, range(PAIRS), words=(CAPTION_WORDS, CAPTION_WORDS))
    torch.stack(list(model.loss(batch).values())).sum().backward()
    optimizer.step()
    # The gradients are released at once: an optimiser's moments are twice the size of the network.
    optimizer.zero_grad(set_to_none=True)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_scoring(model: Retriever, image_size: tuple[int, int]) -> tuple[MultiplyAdds, Stored]:
    """Count multiply-adds and stored numbers; scoring is affine in the images, so it is counted for one and for two."""
    model.eval().requires_grad_(False)  # the counter follows gradients
    batch = specimen(model, image_size, range(PAIRS), words=(CAPTION_WORDS, CAPTION_WORDS))
    with torch.inference_mode():
        images, image_adds = count_multiply_adds(lambda: model.encode_images(batch))
        texts, caption_adds = count_multiply_adds(lambda: model.encode_texts(batch))
        query = {name: value[:1] for name, value in texts.items()}
        one = {name: value[:1] for name, value in images.items()}
        _, first = count_multiply_adds(lambda: model.similarity(query, one))
        _, both = count_multiply_adds(lambda: model.similarity(query, images))
        query_adds: float = first + (both - first) * (GALLERY - 1)  # once per query, and once per image
        if model.rerank_top:
            _, fine = count_multiply_adds(lambda: model.rerank(query, images, torch.tensor([[0, 0], [0, 1]])))
            query_adds += fine / PAIRS * min(model.rerank_top, GALLERY)
    per_item = {"image": round(image_adds / PAIRS), "caption": round(caption_adds / PAIRS)}
    return MultiplyAdds(**per_item, query=round(query_adds)), Stored(image=numbers(images), caption=numbers(texts))


def count_multiply_adds(run: Callable[[], Any]) -> tuple[Any, int]:
    """Call `run`; return its result and its multiply-adds: torch counts matrix products, convolutions, attention."""
    counter, fast = FlopCounterMode(display=False), torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        # The counter does not see fused kernels of an LSTM, of attention and of a transformer's layer.
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

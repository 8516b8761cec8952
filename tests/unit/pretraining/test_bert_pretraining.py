"""The tiny BERT's pre-training: what is spelt out, what is masked, and that it learns."""

import json
import math

import pytest
import torch
from helpers.twins import twin_spec

from glalign.config.training import Optim
from glalign.config.twins import Corpus
from glalign.language.tokenizers import FileTokenizer
from glalign.models.towers.bert import Bert, BertShape
from glalign.pretraining.bert import MaskedWords, pretrain_bert, spellings
from glalign.pretraining.words import Table
from glalign.storage.weight_files import PRETRAINED, Weights, read_weights

PATH = Weights(PRETRAINED).vocabulary("tiny_wordpiece")
TEXTS = ["a man in a red shirt", "black shoes", "a woman"]


@pytest.fixture
def tokenizer() -> FileTokenizer:
    return FileTokenizer(PATH, 20)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_words_spelt_out_read_like_words_that_the_vocabulary_lacks(tokenizer):
    letters = spellings(PATH)
    unknown, _ = tokenizer.encode("zzman")  # no such word: letter by letter
    red, _ = tokenizer.encode("red")
    assert not {tokenizer.pad_id, tokenizer.sot_id, tokenizer.eot_id, tokenizer.mask_id} & set(letters)
    assert letters[red[1]][0][1:] == [tokenizer.encode(f"zz{letter}")[0][-2] for letter in "ed"]
    assert len(unknown) == 2 + len("zzman")
    plain, whole = (Table(TEXTS, tokenizer, letters, share, stream()) for share in (0.0, 1.0))
    assert plain.ids[1, : plain.lengths[1]].tolist() == tokenizer.encode("black shoes")[0]
    assert whole.lengths.tolist() == [2 + len("amaninaredshirt"), 2 + len("blackshoes"), 2 + len("awoman")]
    cut = Table(TEXTS, FileTokenizer(PATH, 9), letters, 1.0, stream())
    assert cut.lengths.tolist() == [9, 9, 9 - 1]
    assert (cut.ids[torch.arange(3), cut.lengths - 1] == tokenizer.eot_id).all()


def test_marks_and_padding_are_never_predicted(tokenizer):
    torch.manual_seed(0)
    encoder = Bert(BertShape(width=8, layers=1, heads=2, positions=20), tokenizer.vocab_size)
    model = MaskedWords(encoder, 1e-12, tokenizer)
    table = Table(TEXTS * 40, tokenizer, spellings(PATH), 0.1, stream())
    rows = torch.arange(len(table.lengths))
    logits, words = model.predicted(*table.batch(rows), stream())
    assert logits.shape == (len(words), tokenizer.vocab_size)
    assert not set(words.tolist()) & {tokenizer.pad_id, tokenizer.sot_id, tokenizer.eot_id}
    ordinary = int((table.lengths - 2).sum())
    assert 0.1 < len(words) / ordinary < 0.2
    again = model.eval().predicted(*table.batch(rows), stream())[1]
    assert torch.equal(words, again)


def test_a_short_training_learns_and_repeats_itself(tmp_path, tokenizer):
    spec = twin_spec(
        kind="bert",
        steps=30,
        held_out=6,
        validate_every=15,
        batch=32,
        corpus=Corpus(domain="pretrain", identities=30, images=1, seed=1),
        model={"backbone": "tiny/bert", "vocabulary": "tiny_wordpiece", "max_tokens": 40, "spelt": 0.1},
        optim=Optim(name="adamw", lr=0.006, schedule="cosine", warmup=0.1),
    )
    threads = torch.get_num_threads()
    try:
        record = pretrain_bert(spec, tmp_path / "one.safetensors")
        pretrain_bert(spec, tmp_path / "two.safetensors")
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
    assert [line["step"] for line in record["course"]] == [15, 30]
    assert record["course"][-1]["loss"] < 0.7 * math.log(tokenizer.vocab_size)  # an even guess of a piece
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    assert set(read_weights(tmp_path / "one.safetensors")[0]) == set(
        read_weights(PRETRAINED / "tiny_bert.safetensors")[0]
    )


def test_the_shipped_twin_has_learnt_to_fill_gaps():
    record = json.loads((PRETRAINED / "tiny_bert.json").read_text(encoding="utf-8"))["record"]
    assert record["course"][-1]["held_out_accuracy"] > 50
    assert (PRETRAINED / "tiny_bert.safetensors").stat().st_size < 1_000_000

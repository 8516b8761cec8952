"""The tiny GPT-2's pre-training: what is spelt out, what is predicted, that it learns, what ships."""

import json
import math

import pytest
import torch
from helpers.twins import twin_spec
from torch.nn import functional as F

from glalign.config.training import Optim
from glalign.config.twins import Corpus
from glalign.contract.specs.twins import VocabularySpec
from glalign.language.gpt2_tokenizer import Gpt2Tokenizer
from glalign.models.towers.gpt2 import Gpt2, Gpt2Shape
from glalign.pretraining.byte_pair_merges import merge_steps
from glalign.pretraining.corpus import draw_captions
from glalign.pretraining.gpt2 import NextWords, pretrain_gpt2, spellings
from glalign.pretraining.vocabulary import make_vocabulary
from glalign.pretraining.words import Table
from glalign.storage.weight_files import PRETRAINED, Weights, read_weights

PATH = Weights(PRETRAINED).vocabulary("tiny_gpt2")
TEXTS = ["a man in a red shirt", "black shoes", "a woman"]


@pytest.fixture
def tokenizer() -> Gpt2Tokenizer:
    return Gpt2Tokenizer(PATH, 40)


def test_steps_are_what_fewer_merges_make() -> None:
    order = {("a", "b"): 0, ("c", "d"): 1, ("ab", "cd"): 2}
    assert merge_steps("abcd", order) == [["a", "b", "c", "d"], ["ab", "c", "d"], ["ab", "cd"]]
    assert merge_steps("xyz", order) == []


def test_words_are_spelt_in_every_smaller_way(tokenizer: Gpt2Tokenizer) -> None:
    known = spellings(PATH)
    piece = {number: text for text, number in json.loads(PATH.read_text(encoding="utf-8"))["model"]["vocab"].items()}
    (shirt,) = tokenizer.encode(" shirt")[0][:-1]
    assert {"".join(piece[i] for i in ids) for ids in known[shirt]} == {"Ġshirt"}
    assert [len(ids) for ids in known[shirt]] == list(range(len("Ġshirt"), 1, -1))
    assert tokenizer.eot_id not in known
    plain = Table(TEXTS, tokenizer, known, 0.0, torch.Generator())
    assert plain.ids[1, : plain.lengths[1]].tolist() == tokenizer.encode(TEXTS[1])[0]


def test_the_next_piece_is_predicted_and_nothing_else(tokenizer: Gpt2Tokenizer) -> None:
    torch.manual_seed(0)
    model = NextWords(Gpt2(Gpt2Shape(8, 1, 2, 2.0, 40), tokenizer.vocab_size, 0.0)).eval()
    table = Table(TEXTS, tokenizer, {}, 0.0, torch.Generator())
    logits, words = model.predicted(table.ids, table.lengths, torch.Generator())
    encoded = [tokenizer.encode(text)[0] for text in TEXTS]
    assert words.tolist() == [number for ids in encoded for number in ids[1:]]
    row = 0
    for ids in encoded:
        for place in range(1, len(ids)):  # from the pieces before it alone
            states = model.encoder(torch.tensor([ids[:place]]), torch.tensor([place]))
            expected = F.linear(states[0, -1], model.encoder.words.weight)
            torch.testing.assert_close(logits[row], expected, atol=1e-5, rtol=1e-5)
            row += 1
    assert row == len(logits)


def test_a_short_training_learns_and_repeats_itself(tmp_path, tokenizer: Gpt2Tokenizer) -> None:
    spec = twin_spec(
        kind="gpt2",
        steps=12,
        held_out=6,
        validate_every=6,
        batch=16,
        corpus=Corpus(domain="pretrain", identities=24, images=1, seed=1),
        model={"backbone": "tiny/gpt2", "vocabulary": "tiny_gpt2", "max_tokens": 40, "spelt": 0.1},
        optim=Optim(name="adamw", lr=0.006, schedule="cosine", warmup=0.1),
    )
    threads = torch.get_num_threads()
    try:
        record = pretrain_gpt2(spec, tmp_path / "one.safetensors")
        pretrain_gpt2(spec, tmp_path / "two.safetensors")
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
    assert [line["step"] for line in record["course"]] == [6, 12]
    assert record["course"][-1]["loss"] < math.log(tokenizer.vocab_size) - 1
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    shipped, made = (
        read_weights(path)[0] for path in (PRETRAINED / "tiny_gpt2.safetensors", tmp_path / "one.safetensors")
    )
    assert {name: value.shape for name, value in made.items()} == {name: value.shape for name, value in shipped.items()}


def test_the_shipped_twin_has_learnt_to_go_on() -> None:
    record = json.loads((PRETRAINED / "tiny_gpt2.json").read_text(encoding="utf-8"))
    assert record["recipe"]["corpus"]["languages"] == ["en"]
    assert record["record"]["course"][-1]["held_out_accuracy"] > 40
    assert (PRETRAINED / "tiny_gpt2.safetensors").stat().st_size < 1_000_000


def test_the_vocabulary_of_a_recipe_reads_what_it_is_made_of(tmp_path) -> None:
    corpus = Corpus(domain="pretrain", identities=6, images=1, seed=1)
    path = tmp_path / "g.tokenizer.json"
    make_vocabulary(VocabularySpec(name="g", family="gpt2", size=600, corpus=corpus), path)
    tokenizer = Gpt2Tokenizer(path)
    for _, caption in draw_captions(corpus):
        ids, _ = tokenizer.encode(caption)
        assert tokenizer._pieces.decode(ids) == caption
        assert len(ids) < len(caption) / 2

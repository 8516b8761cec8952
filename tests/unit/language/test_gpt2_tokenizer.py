"""GPT-2's tokenizer against transformers', on the shipped vocabulary and on a learnt one."""

import json
from pathlib import Path

import pytest

from glalign.language.gpt2_tokenizer import Gpt2Tokenizer
from glalign.pretraining.gpt2_vocabulary import make_gpt2_vocabulary
from glalign.storage.weight_files import PRETRAINED
from glalign.support.errors import UserError

PATH = PRETRAINED / "tiny_gpt2.tokenizer.json"
TEXTS = ["A man in a red shirt, carrying 2 bags.", "The woman's T-shirt is grey!", "x", "cô gái 👟 façade", "zzq  zz"]


@pytest.fixture(scope="module")
def tokenizer() -> Gpt2Tokenizer:
    return Gpt2Tokenizer(PATH, limit=256)


def test_ids_are_those_of_transformers_and_an_end_mark(tokenizer: Gpt2Tokenizer, tmp_path: Path) -> None:
    from transformers import GPT2Tokenizer  # noqa: PLC0415

    model = json.loads(PATH.read_text(encoding="utf-8"))["model"]
    (tmp_path / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    merges = "".join(f"{left} {right}\n" for left, right in model["merges"])
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\n{merges}", encoding="utf-8")
    theirs = GPT2Tokenizer.from_pretrained(str(tmp_path))
    for text in TEXTS:
        assert tokenizer.encode(text)[0] == [*theirs(text)["input_ids"], theirs.eos_token_id]
    assert (tokenizer.pad_id, tokenizer.eot_id) == (theirs.eos_token_id,) * 2
    assert (tokenizer.sot_id, tokenizer.mask_id) == (None, None)
    assert tokenizer.vocab_size == len(theirs) == tokenizer.eot_id + 1


@pytest.mark.parametrize("text", TEXTS)
def test_spans_cover_the_text(tokenizer: Gpt2Tokenizer, text: str) -> None:
    ids, spans = tokenizer.encode(text)
    assert len(ids) == len(spans)
    assert spans[-1] == (0, 0)
    assert set().union(*(range(*span) for span in spans[:-1])) == set(range(len(text)))


def test_a_mark_in_a_caption_is_ordinary_text(tokenizer: Gpt2Tokenizer) -> None:
    ids, _ = tokenizer.encode("red <|endoftext|> shirt")
    assert ids.count(tokenizer.eot_id) == 1
    assert ids[-1] == tokenizer.eot_id
    assert tokenizer.encode("") == ([tokenizer.eot_id], [(0, 0)])


def test_case_is_kept_unless_it_is_lowered(tokenizer: Gpt2Tokenizer) -> None:
    lower = Gpt2Tokenizer(PATH, lower_case=True)
    assert tokenizer.encode("Red Shirt")[0] != tokenizer.encode("red shirt")[0] == lower.encode("Red Shirt")[0]
    ids, spans = lower.encode("İİ Red")  # two letters each, once lower-cased
    assert ids == lower.encode("İİ red")[0]
    assert "".join("İİ Red"[a:b] for a, b in spans if (a, b) == (2, 6)) == " Red"


def test_long_texts_keep_their_end_mark(tokenizer: Gpt2Tokenizer) -> None:
    for short in (2, 9):
        ids, spans = Gpt2Tokenizer(PATH, short).encode(TEXTS[0] * 9)
        assert (len(ids), len(spans), ids[-1]) == (short, short, tokenizer.eot_id)
        assert ids[:-1] == tokenizer.encode(TEXTS[0])[0][: short - 1]
    assert Gpt2Tokenizer(PATH).context_length == 512
    assert tokenizer.context_length == 256
    assert Gpt2Tokenizer(PATH, 1024).context_length == 1024
    for wrong in (0, 1, 1025):
        with pytest.raises(UserError, match=rf"model\.context_length: {wrong}; this GPT-2 reads 2 to 1024 tokens"):
            Gpt2Tokenizer(PATH, wrong)


def test_another_models_vocabulary_is_named() -> None:
    with pytest.raises(
        UserError, match=r"tiny_wordpiece.*has no token <\|endoftext\|>; it is the vocabulary of another"
    ):
        Gpt2Tokenizer(PRETRAINED / "tiny_wordpiece.tokenizer.json")


def test_a_vocabulary_does_not_depend_on_the_order_of_captions_and_has_every_byte() -> None:
    made = make_gpt2_vocabulary(TEXTS * 2, 400)
    assert make_gpt2_vocabulary(TEXTS[::-1] * 2, 400) == made
    model = json.loads(made)["model"]
    assert list(model["vocab"])[:3] == ["!", '"', "#"]  # GPT-2's order
    assert len(model["vocab"]) == len(set(model["vocab"].values())) <= 400
    assert model["vocab"]["<|endoftext|>"] == max(model["vocab"].values())
    assert len(json.loads(make_gpt2_vocabulary(TEXTS * 2, 257))["model"]["merges"]) == 0
    with pytest.raises(UserError, match=r"the 256 bytes and <\|endoftext\|> alone need 257"):
        make_gpt2_vocabulary(TEXTS, 256)

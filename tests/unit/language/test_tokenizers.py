"""Token ids against open_clip's own tokenizer; spans against the text they point to."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.language.segmentation import splitter
from glalign.language.tokenizers import (
    FileTokenizer,
    WordTokenizer,
    clip_tokenizer,
    normalise_caption,
    split_words,
)
from glalign.storage.weight_files import PRETRAINED, Weights
from glalign.support.errors import UserError

ODD = [
    "",
    "!",
    "A man's shirt; he's tall, they've gone, I'll 'S 'RE",
    "<start_of_tex> &amp; &lt;b&gt; <b>bold</b> &amp;amp;",
    "He wears   a\tt-shirt\n\nand 2 shoes (size 42).",
    "naïve café Ñandú ÀÉÎ ß Straße ΣΑΣ",
    "İstanbul'da bir İNSAN",
    "áo khoác màu đen, quần_bò, cà_vạt",
    "日本語のテキスト 123 ½ ² ٣",
    "emoji 👩🏽‍🦰 with a ☂ umbrella",
    "â€œquotedâ€\x9d mojibake Ã©",
    "ﬁne ligature Ⅻ",
    "supercalifragilisticexpialidocious-antidisestablishmentarianism",
    "jekyll and hyde",
    "a..b,,c--d__e''f\"\"g",
    "zero\u200bwidth non\u00a0breaking\u3000wide",
    "word " * 100,
]


def captions() -> list[str]:
    """Several hundred strings of clothes words, signs, digits and odd blanks."""
    draw = random.Random(5)
    words = "The man's woman wearing T-shirt BLACK grey&white 3/4 it's don't & ; 10 é đ — … (a) x2"
    blanks = [" ", "  ", "\t", "", " \n"]
    return [
        "".join(draw.choice(words.split()) + draw.choice(blanks) for _ in range(draw.randint(1, 40)))
        for _ in range(400)
    ]


@pytest.fixture(scope="module")
def reference():
    return pytest.importorskip("open_clip.tokenizer").SimpleTokenizer()


@pytest.fixture(scope="module")
def ours():
    return clip_tokenizer(context_length=10_000)


def test_ids_equal_open_clips(ours, reference):
    assert ours.vocab_size == 49_408
    for text in ODD + captions():
        expected = [reference.sot_token_id, *reference.encode(text), reference.eot_token_id]
        assert ours.encode(normalise_caption(text))[0] == expected, text


def test_cutting_equals_open_clips_and_keeps_the_end(reference):
    ours = clip_tokenizer()
    for text in [text for text in ODD + captions() if text]:
        ids, spans = ours.encode(normalise_caption(text))
        padded = ids + [ours.pad_id] * (77 - len(ids))
        assert padded == reference([text])[0].tolist()
        assert len(ids) == len(spans)
        assert max(ids) == ids[-1] == ours.eot_id


@given(text=st.text(max_size=60))
def test_spans_point_to_what_the_token_says(ours, text):
    text = normalise_caption(text)
    ids, spans = ours.encode(text)
    assert spans[0] == spans[-1] == (0, 0)
    covered = set()
    previous = 0
    for start, end in spans[1:-1]:
        assert previous <= start < end <= len(text)
        previous = start
        covered.update(range(start, end))
    assert "".join(text[i] for i in sorted(covered)) == "".join(text.split())
    assert len(ids) == len(spans)


def test_span_of_a_word():
    text = "He wears a Grey T-Shirt."
    _, spans = clip_tokenizer().encode(text)
    assert [text[a:b] for a, b in spans[1:-1]] == ["He", "wears", "a", "Grey", "T", "-", "Shirt", "."]


def test_spans_survive_a_letter_that_grows_in_lower_case():
    text = "İİ coat"
    _, spans = clip_tokenizer().encode(text)
    assert [text[a:b] for a, b in spans[1:-1]][-1] == "coat"


def test_twin_keeps_a_prefix_of_the_vocabulary_and_a_slot_for_the_mask():
    twin, full = clip_tokenizer(merges=2_000), clip_tokenizer()
    assert twin.vocab_size == 512 + 2_000 + 2
    assert (twin.sot_id, twin.eot_id, twin.mask_id) == (2_512, 2_513, 2_511)
    assert full.mask_id == 49_405
    seen = set()
    for text in captions():
        ids, _ = twin.encode(normalise_caption(text))
        seen.update(ids)
    assert twin.mask_id not in seen
    assert max(seen) == twin.eot_id
    frequent = "the man with the hair"
    assert twin.encode(frequent)[0][1:-1] == full.encode(frequent)[0][1:-1]
    with pytest.raises(UserError, match="merges"):
        clip_tokenizer(merges=0)


def test_cased_twin_tells_capitals_apart():
    cased = clip_tokenizer(lower_case=False)
    assert cased.encode("Red")[0] != cased.encode("red")[0]


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text):
    once = normalise_caption(text)
    assert normalise_caption(once) == once


def test_word_tokenizer_skips_unknown_words():
    words = WordTokenizer(["red", "shirt", "Man"], max_words=3)
    text = "Man in a T-shirt (red), red; shirt"
    ids, spans = words.encode(text)
    assert ids == [3, 2, 1]
    assert [text[a:b] for a, b in spans] == ["Man", "shirt", "red"]
    assert words.vocab_size == 4
    assert words.encode("nothing known") == ([], [])
    assert [word for word, _ in split_words("a--b (c).")] == ["a", "b", "c"]


def test_import_is_light():
    code = (
        "import sys, glalign.language.tokenizers as t; t.clip_tokenizer().encode('a');"
        "print({'torch', 'open_clip'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_words_are_counted_and_unknown_ones_share_a_number() -> None:
    counts = [("Red", 2), ("shirt", 3), ("red", 2), ("rare", 1)]
    known = WordTokenizer.counted(counts, 10, 3, unknown=True, lower_case=True)
    assert known.words == ("red", "shirt")
    assert known.vocab_size == 4
    assert known.encode("A RED shirt.") == ([3, 1, 2], [(0, 1), (2, 5), (6, 11)])
    assert WordTokenizer.counted(counts, 10, 2).words == ("Red", "shirt", "red")
    assert WordTokenizer.counted(counts, 1, 2).encode("a red shirt") == ([3], [(2, 5)])


def test_a_dictionary_of_segmented_words_points_into_the_caption() -> None:
    text = "Cô ấy mặc áo khoác  đen, quần bò."
    words = splitter("pyvi")
    tokenizer = WordTokenizer(["áo_khoác", "quần_bò"], 9, unknown=True, split=words)
    ids, spans = tokenizer.encode(text)
    assert [word for word, _ in words(text)] == ["Cô", "ấy", "mặc", "áo_khoác", "đen", "quần_bò"]
    assert ids == [3, 3, 3, 1, 3, 2]
    assert [text[a:b] for a, b in spans] == ["Cô", "ấy", "mặc", "áo khoác", "đen", "quần bò"]
    assert splitter(None) is split_words


@pytest.mark.parametrize(("name", "family"), [("tiny_wordpiece", "bert"), ("tiny_unigram", "roberta")])
def test_a_vocabulary_file_gives_marks_pieces_and_their_places(name: str, family: str) -> None:
    path = PRETRAINED / f"{name}.tokenizer.json"
    tokenizer = FileTokenizer(path, 12, family)
    text = "The woman wears zebra"
    ids, spans = tokenizer.encode(text)
    assert ids[0] == tokenizer.sot_id
    assert ids[-1] == tokenizer.eot_id
    assert len(ids) == len(spans) <= 12
    assert spans[0] == spans[-1] == (0, 0)
    assert "".join(text[a:b] for a, b in spans[1:4]).replace(" ", "") == "Thewomanwears"
    assert max(ids) < tokenizer.vocab_size
    assert len(tokenizer.encode(text * 9)[0]) == 12
    assert tokenizer.encode(text * 9)[0][-1] == tokenizer.eot_id
    assert len({tokenizer.pad_id, tokenizer.sot_id, tokenizer.eot_id, tokenizer.mask_id}) == 4


def test_a_file_that_is_no_vocabulary_or_another_family_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.tokenizer\.json: not a tokenizer\.json"):
        FileTokenizer(tmp_path / "x.tokenizer.json", 12)
    with pytest.raises(UserError, match=r"tiny_unigram.*has no token \[PAD\]"):
        FileTokenizer(PRETRAINED / "tiny_unigram.tokenizer.json", 12)
    with pytest.raises(UserError, match=r"y\.tokenizer\.json: no such vocabulary"):
        Weights(tmp_path).vocabulary("y")


def test_a_vocabulary_that_lacks_its_mark_of_unknown_words_is_named(tmp_path: Path) -> None:
    whole = json.loads((PRETRAINED / "tiny_wordpiece.tokenizer.json").read_text(encoding="utf-8"))
    del whole["model"]["vocab"]["[UNK]"]
    (tmp_path / "x.tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    tokenizer = FileTokenizer(tmp_path / "x.tokenizer.json", 12)
    with pytest.raises(UserError, match=r"x\.tokenizer\.json: cannot encode '人' \(.*\[UNK\]"):
        tokenizer.encode("人")

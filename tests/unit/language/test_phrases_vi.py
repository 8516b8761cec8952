"""Vietnamese noun phrases and their regions, in sentences written and annotated for this test."""

import json
import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest

from glalign.contract.records import Record, write_manifest
from glalign.contract.specs.data import PhrasesSpec
from glalign.language.lexicon import load_lexicon
from glalign.language.noun_chunk_rules_vi import corrected_tags, find_noun_chunks
from glalign.language.phrases import extract, make_phrases
from glalign.support.errors import UserError

SPEC = PhrasesSpec(manifest="", language="vi", lexicon="repaired", chunker="spacy", match="words", several="nearest")
SHORT = {"HEAD": "H", "UPPERBODY": "U", "LOWERBODY": "L", "SHOES": "S", "OTHERS": "O", None: "-"}

CAPTIONS = {
    "Một người đàn ông trung niên đội nón lá, mặc áo sơ mi kẻ ca rô xanh trắng và quần tây màu ghi": [
        "Một người đàn ông trung niên -", "nón lá H", "áo sơ mi kẻ ca rô xanh trắng U", "quần tây màu ghi L",
    ],
    "Người phụ nữ đeo một cặp kính râm, cầm một chiếc ô màu đỏ sẫm, cõng cặp sách": [
        "Người phụ nữ -", "một cặp kính râm H", "một chiếc ô màu đỏ sẫm O", "cặp sách O",
    ],
    "Anh ta mặc áo len cổ lọ màu be, quần âu xám, đi một đôi giày lười bằng da nâu": [
        "áo len cổ lọ màu be U", "quần âu xám L", "một đôi giày lười bằng da nâu S",
    ],
    "Cậu bé mặc áo ba lỗ trắng sọc ngang xanh, quần lửng kaki, tay phải cầm máy ảnh cũ": [
        "Cậu bé -", "áo ba lỗ trắng sọc ngang xanh U", "quần lửng kaki L", "tay phải U", "máy ảnh cũ O",
    ],
    "Nam thanh niên mặc áo hoodie xám có mũ trùm đầu, quần jean rách gối, đi giầy thể thao trắng đế cao su": [
        "Nam thanh niên -", "áo hoodie xám có mũ trùm đầu U", "quần jean rách gối L", "giầy thể thao trắng đế cao su S",
    ],
    "Người này mặc áo dài tay kẻ sọc đỏ và đen, đi tất trắng và dép lê": [
        "Người này -", "áo dài tay kẻ sọc đỏ và đen U", "tất trắng S", "dép lê S",
    ],
    "Cô ấy mặc áo hai dây màu hồng phấn, chân váy xếp ly trắng, quai túi đeo chéo màu vàng": [
        "áo hai dây màu hồng phấn U", "chân váy xếp ly trắng L", "quai túi đeo chéo màu vàng O",
    ],
    "Cô gái trẻ có mái tóc xoăn mặc áo len ngoài màu rêu bên ngoài áo phông, in chữ ở mặt trước": [
        "Cô gái trẻ -", "mái tóc xoăn H", "áo len ngoài màu rêu U", "áo phông U", "chữ -", "mặt trước -",
    ],
    "chàng trai tóc vàng áo xanh quần đen giày đỏ đang bước đi và nói chuyện điện thoại": [
        "chàng trai -", "tóc vàng H", "áo xanh U", "quần đen L", "giày đỏ S", "điện thoại O",
    ],
    "Ông lão râu bạc, khoác áo vest xám, cộc tay, thắt cà vạt kẻ chéo, túi quần trái": [
        "Ông lão -", "râu bạc H", "áo vest xám U", "cộc tay U", "cà vạt kẻ chéo O", "túi quần trái O",
    ],
}  # fmt: skip

ODD = ["", "%", "một đôi", "và và và", "áo" * 300, "có", "_ áo _", "mũ.", "áo\u0301 đỏ", "màu và màu", "cặp cặp kính"]


def regions(phrases):
    return [f"{p['text']} {SHORT[p['region']]}" for p in phrases]


def of(caption, **options):
    (phrases,) = extract([caption], SPEC.model_copy(update=options))
    return regions(phrases)


@pytest.mark.parametrize("caption", CAPTIONS)
def test_phrases_of(caption):
    assert of(caption) == CAPTIONS[caption]


@pytest.mark.parametrize("caption", CAPTIONS)
def test_loose_letters_give_the_same_phrases_at_their_own_places(caption):
    loose = unicodedata.normalize("NFD", caption)
    (phrases,) = extract([loose], SPEC)
    assert [unicodedata.normalize("NFC", text) for text in regions(phrases)] == CAPTIONS[caption]
    assert all(loose[p["start"] : p["end"]] == p["text"] for p in phrases)


def test_words_chunker_needs_no_tagger():
    """It has the same phrases of keywords, except that no relative piece with a keyword belongs to one."""
    caption = "Bà cụ đội một chiếc nón lá, đeo một cặp kính râm, mặc áo bà ba nâu và đen, quần ống rộng, cổ quàng khăn"
    named = ["một chiếc nón lá H", "một cặp kính râm H", "áo bà ba nâu và đen U", "quần ống rộng L", "cổ U", "khăn O"]
    assert of(caption, chunker="words") == named
    assert of("áo len ngoài màu be, túi quần, áo trắng giày đỏ", chunker="words") == [
        "áo len ngoài màu be U", "túi quần O", "áo trắng U", "giày đỏ S",
    ]  # fmt: skip
    assert of("mặc áo có đi giày", chunker="words") == ["áo U", "giày S"], "a relative piece needs an end"


def test_no_keyword_is_lost():
    captions = ["đeo đeo túi đi giày và mũ", "mặc váy có có kính", "ÁO ĐEN QUẦN TRẮNG", "Ba lô Đồng Hồ tóc tất cặp"]
    lexicon = load_lexicon("repaired", "vi")
    for chunker in ("spacy", "words"):
        for caption, phrases in zip(
            captions, extract(captions, SPEC.model_copy(update={"chunker": chunker})), strict=True
        ):
            for keyword in lexicon.find(caption):
                assert any(p["start"] <= keyword.start and keyword.end <= p["end"] for p in phrases), (caption, keyword)


@pytest.mark.parametrize("chunker", ["spacy", "words"])
@pytest.mark.parametrize("match", ["words", "substrings"])
def test_odd_captions_are_no_accident(chunker, match):
    for caption, phrases in zip(
        ODD, extract(ODD, SPEC.model_copy(update={"chunker": chunker, "match": match})), strict=True
    ):
        assert all(p["start"] < p["end"] and caption[p["start"] : p["end"]] == p["text"] for p in phrases)
        assert all(a["end"] <= b["start"] for a, b in pairwise(phrases))


def test_options_of_the_lexicon():
    assert of("đội mũ len, mái tóc ngắn", lexicon="paper") == ["mũ len -", "mái tóc ngắn -"]
    assert of("đội mũ len, mái tóc ngắn") == ["mũ len H", "mái tóc ngắn H"]
    assert of("túi vải đeo vai", several="nearest") == ["túi vải đeo vai O"]
    assert of("túi vải đeo vai", several="all") == ["túi vải đeo vai U", "túi vải đeo vai O"]


def test_errors_of_the_tagger_are_mended():
    words = ["một", "cặp", "kính", "cặp", "màu", "ghi", "dép_lê", "Giầy", "lạ"]
    assert corrected_tags(words, ["M", "M", "N", "M", "N", "V", "V", "V", "V"]) == [
        "M", "Nc", "N", "N", "N", "A", "N", "N", "V",
    ]  # fmt: skip


def test_the_rule_by_itself():
    words = ["một", "chiếc", "áo", "có", "hai", "túi", ",", "tay", "xách", "giỏ"]
    tags = corrected_tags(words, ["M", "Nc", "N", "V", "M", "N", "F", "N", "V", "N"])
    assert list(find_noun_chunks(words, tags)) == [(0, 6), (7, 8), (9, 10)]


def test_the_pipeline_is_spacys_own():
    from glalign.language.spacy_pipeline_vi import pipeline  # noqa: PLC0415

    nlp = pipeline("pyvi")
    assert nlp.pipe_names == ["glalign_tagger_vi"]
    doc = nlp("Bé gái mặc  áo mưa vàng, đi ủng.")
    assert doc.text == "Bé gái mặc  áo mưa vàng, đi ủng."
    assert [chunk.text for chunk in doc.noun_chunks] == ["Bé gái", "áo mưa vàng", "ủng"]
    assert {token.text: token.pos_ for token in doc}["áo mưa"] == "NOUN"


def test_file_of_phrases(tmp_path):
    spec = SPEC.model_copy(update={"manifest": str(tmp_path / "m.jsonl"), "language": "vi", "chunker": "words"})
    write_manifest(spec.manifest, [Record("a/1.jpg", 1, "train", ("áo đỏ", "quần bò và mũ"))])
    make_phrases(spec, tmp_path / "p.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[0]["phrases"] == [{"text": "áo đỏ", "start": 0, "end": 5, "region": "UPPERBODY"}]
    assert regions(rows[1]["phrases"]) == ["quần bò L", "mũ H"]


def test_the_segmenter_is_an_option():
    with pytest.raises(UserError, match="'jieba'"):
        of("áo", segmenter="jieba")
    with pytest.raises(UserError, match="'jieba'"):
        of("áo", segmenter="jieba", chunker="words")


def test_libraries_are_imported_when_they_are_used():
    loaded = "import sys, glalign.language.phrases; print({'spacy', 'pyvi', 'transformers', 'torch'} & {*sys.modules})"
    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "set()\n"
    )

"""Noun phrases of captions as annotators write them: lists, typing slips, capitals, no verbs."""

import json
from itertools import pairwise

import pytest
from helpers.english_captions import CAPTIONS

from glalign.contract.records import Record, write_manifest
from glalign.contract.specs.data import PhrasesSpec
from glalign.language.lexicon import load_lexicon
from glalign.language.noun_phrases_en import keyword_chunk
from glalign.language.phrases import extract, make_phrases
from glalign.support.errors import UserError

SPEC = PhrasesSpec(manifest="", language="en", lexicon="repaired", chunker="spacy", match="words", several="nearest")
SHORT = {"HEAD": "H", "UPPERBODY": "U", "LOWERBODY": "L", "SHOES": "S", "OTHERS": "O", None: "-"}


def regions(phrases):
    return [f"{p['text']} {SHORT[p['region']]}" for p in phrases]


@pytest.fixture(scope="module")
def found():
    return dict(zip(CAPTIONS, extract(CAPTIONS, SPEC), strict=True))


@pytest.mark.parametrize("caption", CAPTIONS)
def test_phrases_of(caption, found):
    assert regions(found[caption]) == CAPTIONS[caption]


def test_no_pronouns_and_true_places(found):
    for caption, phrases in found.items():
        assert all(caption[p["start"] : p["end"]] == p["text"] for p in phrases)
        assert [p["start"] for p in phrases] == sorted(p["start"] for p in phrases)
        assert not {"he", "she", "it"} & {p["text"].lower() for p in phrases}


def test_no_keyword_is_lost():
    captions = [
        "tall wearing shorts on with sandals running and cap",
        "black top on top jeans shoes bag hair glasses",
        "HE WEARS KNEE LENGTH SHORTS AN BLACK SHOES WITH SOCKS",
        "has on a skirt sweater leggings tie",
    ]
    lexicon = load_lexicon("repaired", "en")
    for caption, phrases in zip(captions, extract(captions, SPEC.model_copy(update={"several": "all"})), strict=True):
        for keyword in lexicon.find(caption):
            assert any(p["start"] <= keyword.start and keyword.end <= p["end"] for p in phrases), (caption, keyword)


@pytest.mark.parametrize("chunker", ["spacy", "words"])
def test_odd_captions_are_no_accident(chunker):
    captions = [
        "",
        "%",
        "% of shoes",
        "a pair of",
        "& & &",
        "👟 of 👟",
        "the the the",
        "shoes" * 300,
        "a\u0301 shirt",
        "hat.",
    ]
    for caption, phrases in zip(captions, extract(captions, SPEC.model_copy(update={"chunker": chunker})), strict=True):
        assert all(p["start"] < p["end"] and caption[p["start"] : p["end"]] == p["text"] for p in phrases)
        assert all(a["end"] <= b["start"] for a, b in pairwise(phrases))


def test_adverbs_are_no_backs():
    (phrases,) = extract(["Her hair is pulled back."], SPEC)
    assert regions(phrases) == ["hair H"]


@pytest.mark.parametrize(
    ("caption", "phrase"),
    [
        ("a man wearing dark blue jeans", "dark blue jeans"),
        ("with a black and white striped shirt", "black and white striped shirt"),
        ("long hair and black shoes", "black shoes"),
        ("hat, red shirt", "red shirt"),
        ("shirt", "shirt"),
    ],
)
def test_keyword_and_its_modifiers(caption, phrase):
    chunk = keyword_chunk(caption, load_lexicon("repaired", "en").find(caption)[-1])
    assert caption[chunk.start : chunk.end] == phrase


def test_words_chunker_needs_no_parser():
    (phrases,) = extract(
        ["A man in a red shirt, blue jeans and white shoes."], SPEC.model_copy(update={"chunker": "words"})
    )
    assert regions(phrases) == ["red shirt U", "blue jeans L", "white shoes S"]


def test_order_and_repetition_of_captions_do_not_matter():
    captions = [*CAPTIONS, *reversed(CAPTIONS)]
    found = extract(captions, SPEC)
    assert found[: len(CAPTIONS)] == found[: len(CAPTIONS) - 1 : -1]


def test_file_of_phrases(tmp_path):
    spec = SPEC.model_copy(update={"manifest": str(tmp_path / "m.jsonl"), "language": "en", "chunker": "words"})
    write_manifest(spec.manifest, [Record("a/1.jpg", 1, "train", ("red shirt", "blue jeans and a hat"))])
    make_phrases(spec, tmp_path / "p.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["image"], row["index"]) for row in rows] == [("a/1.jpg", 0), ("a/1.jpg", 1)]
    assert rows[0]["phrases"] == [{"text": "red shirt", "start": 0, "end": 9, "region": "UPPERBODY"}]
    write_manifest(spec.manifest, [Record("a/1.jpg", 1, "train", ("nothing to see",))])
    with pytest.raises(UserError, match="no caption names a body region"):
        make_phrases(spec, tmp_path / "q.jsonl")
    with pytest.raises(UserError, match="no keywords for language 'de'"):
        extract(["rote Schuhe"], spec.model_copy(update={"language": "de"}))


def test_the_printed_lists_count_places_glasses_and_what_is_absent_as_printed():
    caption = "He has no hat, his neck, round glasses and a sneeker"
    (phrases,) = extract([caption], SPEC.model_copy(update={"lexicon": "paper"}))
    assert regions(phrases)[-3:] == ["neck U", "round glasses O", "sneeker -"]
    (phrases,) = extract(["no phone"], SPEC.model_copy(update={"lexicon": "paper"}))
    assert regions(phrases) == ["phone O"]


def test_a_word_of_two_regions_gives_a_phrase_of_each():
    (phrases,) = extract(["a grey suit"], SPEC)
    assert regions(phrases) == ["grey suit U", "grey suit L"]


def test_words_chunker_reads_the_same_short_captions():
    spec = SPEC.model_copy(update={"chunker": "words"})
    captions = [
        "a bag on her left shoulder",
        "no socks",
        "white top blue skirt",
        "knee length denim shorts",
        "hair is red",
    ]
    found = [regions(phrases) for phrases in extract(captions, spec)]
    assert found == [["bag O", "left shoulder -"], ["socks -"], ["white top U", "blue skirt L"],
                     ["knee length denim shorts L"], ["hair is red H"]]  # fmt: skip


def test_a_person_is_no_part_of_the_hair():
    (phrases,) = extract(["A girl short brown hair, wearing a bucket hat"], SPEC)
    assert regions(phrases) == ["girl -", "short brown hair H", "bucket hat H"]

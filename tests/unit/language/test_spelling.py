"""Misspelt keywords."""

import pytest

from glalign.language.lexicon import load_lexicon
from glalign.language.spelling import Spelling, edits


def test_words_one_edit_away():
    near = set(edits("abc"))
    assert {"ab", "abbc", "abd", "bac", "xabc"} <= near
    assert not {"a", "abcde", "cba"} & near


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("jaket", "jacket"),
        ("jackett", "jacket"),
        ("jacekt", "jacket"),
        ("jocket", "jacket"),
        ("jeens", "jeans"),
        ("jacket", None),
        ("packet", None),
        ("jacketed", None),
        ("jaketing", None),
        ("ha", None),
        ("harr", None),
    ],
)
def test_a_misspelling_is_one_edit_away_from_a_long_keyword_and_no_other_word(word, meant):
    assert Spelling({"jacket", "jeans", "hair"}, ["jeans"], ["packet"]).correct(word) == meant


def test_places_are_those_of_the_text():
    assert Spelling({"jacket"}, [], []).find("A JAKET, jaket.") == [(2, 7, "jacket"), (9, 14, "jacket")]


def test_common_words_of_captions_are_no_misspelt_keywords():
    text = "short tennis khaki tight dressed bottom ankle pocket sides older folded paired sports leans swings shows"
    text += " jogging angle zipped patches edges single table hoes panty paints pure strong checks handle lights beaded"
    assert load_lexicon("repaired", "en").find(text) == []

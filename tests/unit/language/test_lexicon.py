"""Keyword lists: as printed, repaired, and the rules that pick a region (D21)."""

import pytest

from glalign.contract.regions import REGIONS
from glalign.language.lexicon import load_lexicon
from glalign.support.errors import UserError

PAPER, REPAIRED = load_lexicon("paper", "en"), load_lexicon("repaired", "en")
VI_PAPER, VI_REPAIRED = load_lexicon("paper", "vi"), load_lexicon("repaired", "vi")


@pytest.mark.parametrize(
    ("phrase", "paper", "repaired"),
    [
        ("medium black hair", "HEAD", "HEAD"),
        ("black jacket", "UPPERBODY", "UPPERBODY"),
        ("Jeans", "LOWERBODY", "LOWERBODY"),
        ("a black shoe", None, "SHOES"),
        ("two watches", None, "OTHERS"),
        ("white cap", None, "HEAD"),
        ("a backpack", None, "OTHERS"),
        ("an orange back pack", "UPPERBODY", "OTHERS"),
        ("gray T-Shirt", "UPPERBODY", "UPPERBODY"),
        ("gray tee shirts", None, "UPPERBODY"),
        ("denim jacket", "UPPERBODY", "UPPERBODY"),
        ("dress shoes", "SHOES", "SHOES"),
        ("shoulder bag", "OTHERS", "OTHERS"),
        ("short sleeves", None, "UPPERBODY"),
        ("a glass of wine", None, None),
        ("wearing", None, None),
        ("black glasses", "OTHERS", "HEAD"),
        ("spectacles", "HEAD", "HEAD"),
        ("shoulder length hair", "HEAD", "HEAD"),
        ("neck length", "UPPERBODY", None),
        ("flat shoes", "SHOES", "SHOES"),
        ("a flat stomach", None, None),
        ("shin-length slacks", None, "LOWERBODY"),
        ("back  pack", "UPPERBODY", "OTHERS"),
        ("green wellies", None, "SHOES"),
        ("blue dress", "LOWERBODY", "LOWERBODY"),
    ],
)
def test_english(phrase, paper, repaired):
    assert PAPER.regions_of(phrase) == ((paper,) if paper else ())
    assert REPAIRED.regions_of(phrase) == ((repaired,) if repaired else ())


@pytest.mark.parametrize(
    ("phrase", "paper", "repaired"),
    [
        ("tóc đen vừa", "HEAD", "HEAD"),
        ("áo_khoác đen", "UPPERBODY", "UPPERBODY"),
        ("quần_bò", "LOWERBODY", "LOWERBODY"),
        ("tai_nghe", None, "OTHERS"),
        ("mặt_trước", None, None),
        ("Tay áo", "UPPERBODY", "UPPERBODY"),
        ("túi_xách", "OTHERS", "OTHERS"),
        ("cà_vạt đỏ", None, "OTHERS"),
        ("cà_vật đỏ", "OTHERS", "OTHERS"),
        ("mũ trắng", None, "HEAD"),
        ("kính đen", "HEAD", "HEAD"),
        ("kính và túi", "OTHERS", "HEAD"),
        ("áo và quần", "UPPERBODY", "UPPERBODY"),
        ("tất_cả", None, None),
        ("vòng cổ", "UPPERBODY", "OTHERS"),
        ("vòng_cổ", None, "OTHERS"),
        ("đầu_gối", None, None),
        ("áo_đầm", "UPPERBODY", "LOWERBODY"),
        ("ô đỏ", "OTHERS", "OTHERS"),
    ],
)
def test_vietnamese(phrase, paper, repaired):
    assert VI_PAPER.regions_of(phrase) == ((paper,) if paper else ())
    assert VI_REPAIRED.regions_of(phrase) == ((repaired,) if repaired else ())


def test_printed_lists_have_the_printed_lengths():
    counts = {"en": [17, 20, 11, 8, 9], "vi": [16, 6, 5, 3, 10]}
    import yaml  # noqa: PLC0415

    from glalign.language.lexicon import FOLDER  # noqa: PLC0415

    lists = yaml.safe_load((FOLDER / "paper.yaml").read_text(encoding="utf-8"))
    assert {language: [len(lists[language][r]) for r in REGIONS] for language in lists} == counts


def test_a_word_may_mean_both_regions():
    both = ("UPPERBODY", "LOWERBODY")
    assert REPAIRED.regions_of("grey suits") == both
    assert REPAIRED.regions_of("suit jacket") == ("UPPERBODY",), "the head noun decides"
    assert VI_REPAIRED.regions_of("bộ quần_áo") == both
    assert VI_PAPER.regions_of("kính") == ("HEAD",), "a word of two lists means one of them"


def test_misspelt_keywords_match_in_the_repaired_list_alone():
    assert [k.regions for k in REPAIRED.find("White SNEEKERS and a jaket")] == [("SHOES",), ("UPPERBODY",)]
    assert PAPER.find("white sneekers and a jaket") == []


def test_all_regions_and_substrings_are_options():
    assert REPAIRED.regions_of("black shirt and blue jeans", "all") == ("UPPERBODY", "LOWERBODY")
    assert VI_PAPER.regions_of("kính", "all") == ("HEAD", "OTHERS")
    anywhere = load_lexicon("paper", "en", "substrings")
    assert anywhere.regions_of("sweatshirt") == ("UPPERBODY",)
    assert anywhere.regions_of("wearing") == ("HEAD",), "'ear' is in 'wearing': what this reading costs"


def test_unknown_list_or_language():
    with pytest.raises(UserError, match="'mine'"):
        load_lexicon("mine", "en")
    with pytest.raises(UserError, match="'de'"):
        load_lexicon("paper", "de")

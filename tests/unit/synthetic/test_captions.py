"""English captions: length, two styles, words that state the facts, typing errors that change few letters."""

import random
import statistics
from dataclasses import replace

import pytest

from glalign.synthetic.captions import words_en as words
from glalign.synthetic.captions.styles_en import LONGEST, SHORTEST, STYLES, caption
from glalign.synthetic.captions.typos_en import add_typos
from glalign.synthetic.dataset import corpus
from glalign.synthetic.domains.registry import DOMAINS

FULL = {
    "view": "front", "sex": "woman", "build": "average", "pace": "walking", "hair_colour": "black",
    "hair_tone": "dark", "hair_length": "long", "hair_style": "ponytail", "hat": "none", "glasses": "glasses",
    "scarf": "none", "upper": "t-shirt", "upper_family": "shirt", "sleeve": "short", "upper_colour": "red",
    "upper_tone": "mid", "upper_pattern": "plain", "print": "logo", "print_colour": "white", "inner": "none",
    "lower": "jeans", "lower_length": "long", "lower_colour": "blue", "lower_tone": "dark", "fabric": "denim",
    "belt": "none", "shoes": "sneakers", "shoes_colour": "white", "shoes_tone": "light", "sole": "none",
    "socks": "none", "bag": "backpack", "carries": "bag", "bag_colour": "black", "bag_tone": "dark", "held": "none",
    "umbrella": "none",
}  # fmt: skip


@pytest.fixture(scope="module")
def street():
    return [text for _, _, texts, _, _ in corpus("street", 70, 3, 11) for text in texts]


def test_length(street):
    counts = [len(text.split()) for text in street]
    assert min(counts) >= SHORTEST
    assert max(counts) <= LONGEST
    assert 22 < statistics.mean(counts) < 30
    assert 7 < statistics.pstdev(counts) < 14


def test_two_annotators_do_not_repeat_each_other(street):
    assert all(a != b for a, b in zip(street[::2], street[1::2], strict=True))
    assert len(set(street)) > 0.97 * len(street)


@pytest.mark.parametrize("annotator", sorted(STYLES))
@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_a_scarce_view_still_gives_a_caption(annotator, name):
    rng = random.Random(0)
    seen = {"view": "back", "sex": "man", "build": "average", "pace": "standing", "held": "none", "umbrella": "none"}
    for _ in range(50):
        text, facts, _ = caption(seen, rng, annotator, DOMAINS[name])
        assert len(text.split()) >= SHORTEST
        assert {a for a, _ in facts} <= seen.keys()


def test_words_state_the_facts():
    """A caption has a fact exactly if it has the word that states it."""
    place = replace(DOMAINS["street"], typo_rate=0.0, colour_error_rate=0.0, rare_words=0.0)
    named = 0
    for number in range(300):
        text, facts, _ = caption(FULL, random.Random(number), "listing", place)
        assert (("upper_colour", "red") in facts) == (" red " in text)
        assert (("lower", "jeans") in facts) == ("jean" in text)
        assert (("held", "phone") in facts) == ("phone" in text)
        named += ("upper_colour", "red") in facts
    assert named > 200


def test_typos_change_few_letters():
    text = "The man is wearing a gray short sleeved shirt, black pants and a pair of black shoes."
    for number in range(300):
        typed = add_typos(random.Random(number), text, DOMAINS["street"])
        assert abs(len(typed.split()) - len(text.split())) <= 3
        assert abs(len(typed) - len(text)) <= 8


def test_every_worn_value_has_a_name_in_every_dialect():
    for dialect in ("street", "pretrain"):
        assert set(words.UPPERS[dialect]) == set(words.UPPERS["street"])
        assert set(words.SHOES[dialect]) == set(words.SHOES["street"])
        assert set(words.COLOURS[dialect]) == set(words.COLOURS["street"])
    rich, poor = ({w for t in (words.UPPERS, words.SHOES, words.BAGS, words.COLOURS) for v in t[d].values() for w in v}
                  for d in ("street", "pretrain"))  # fmt: skip
    assert len(poor) < 0.6 * len(rich)

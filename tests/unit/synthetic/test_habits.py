"""Synthetic captions are statistically like real ones, and what they say of sides and repeats is true."""

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glalign.contract.regions import ATR_LABELS
from glalign.data.caption_statistics import caption_statistics
from glalign.synthetic.captions.caption_pair import Repeats, caption_pair
from glalign.synthetic.captions.long_tail import compound, long_tail, rare_word, spellings
from glalign.synthetic.dataset import corpus
from glalign.synthetic.domains.registry import DOMAINS
from glalign.synthetic.drawing.photograph import photograph
from glalign.synthetic.drawing.visible_attributes import visible_attributes
from glalign.synthetic.people.identity import make_person

DOCUMENT = Path(__file__).parents[3] / "docs/synthetic.md"
FACTOR = 1.5


def documented(heading):
    """Figure -> (real, synthetic) of the table below a heading of docs/synthetic.md; "-" is left out."""
    part = DOCUMENT.read_text(encoding="utf-8").split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([a-zA-Z -]+) \| ([\d,.]+) \| ([\d,.]+) \|", part, re.MULTILINE)
    return {name: (float(real.replace(",", "")), float(ours.replace(",", ""))) for name, real, ours in rows}


@pytest.fixture(scope="module")
def texts():
    """Domain -> its captions in its language."""
    return {
        "street": [text for _, _, captions, _, _ in corpus("street", 170, 3, 21) for text in captions],
        "plaza": [text for _, _, captions, _, _ in corpus("plaza", 150, 2, 21, ["vi"]) for text in captions],
    }


@pytest.mark.parametrize(("heading", "name", "words"), [("English", "street", 20_000), ("Vietnamese", "plaza", 1_416)])
def test_every_figure_is_within_a_factor_of_the_real_one(texts, heading, name, words):
    table, found = documented(heading), caption_statistics(texts[name], sample=words)
    assert len(table) >= 8
    for figure, (real, ours) in table.items():
        # Rare shares of a thousand captions vary: five captions more or less are no fault.
        slack = 500 / found["captions"] if figure not in ("types", "hapaxes") else 0
        assert real / FACTOR - slack <= found[figure] <= real * FACTOR + slack, figure
        assert real / FACTOR <= ours <= real * FACTOR or real == ours == 0, figure
        assert ours / FACTOR - slack <= found[figure] <= ours * FACTOR + slack, figure


def test_pre_training_has_the_poorer_vocabulary(texts):
    plain = [text for _, _, captions, _, _ in corpus("pretrain", 100, 3, 21) for text in captions]
    rich, poor = (caption_statistics(found, "en", 10_000)["types"] for found in (texts["street"], plain))
    assert poor < 0.7 * rich


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_the_side_of_the_picture_is_where_the_bag_is_drawn(name):
    """The wearer's left is on the right of the picture if the person faces the camera."""
    place = replace(
        DOMAINS[name], camera=replace(DOMAINS[name].camera, occluded=0.0, passers=0.0, crowded=0.0, crowd=0)
    )
    agree = wrong = 0
    for number in range(1, 260):
        person = make_person(place, 2, "test", number)
        if person.traits["bag"] not in ("handbag", "plastic bag", "shoulder bag"):
            continue
        for kind in ("front", "back"):
            photo = photograph(place, person, 2, "test", 0, kind)
            seen = visible_attributes(person, photo)
            if "bag_picture_side" not in seen:
                continue
            bag, body = (photo.labels == ATR_LABELS.index("Bag")).any(0), (photo.labels > 0).any(0)
            side = "left" if np.flatnonzero(bag).mean() < np.flatnonzero(body).mean() else "right"
            agree += side == seen["bag_picture_side"]
            wrong += side != seen["bag_picture_side"]
            assert (seen["bag_side"] == seen["bag_picture_side"]) is (kind == "back")
    assert agree > 30
    assert wrong <= 0.05 * agree


def test_a_repeated_caption_is_true_of_both_pictures():
    seen, facts = {"upper_colour": "red", "shoes": "boots"}, {}
    repeats, again = Repeats(), Counter()
    place = replace(DOMAINS["street"], typo_rate=0.0, colour_error_rate=0.0)
    for number in range(1, 400):
        person = make_person(place, 3, "test", number % 130)
        seen = visible_attributes(person, photograph(place, person, 3, "test", number // 130))
        captions = caption_pair(seen, random.Random(number), place, "en")
        repeats.apply(captions, seen, random.Random(number), 1.0)
        for caption in captions:
            again[caption.text] += 1
            assert facts.setdefault(caption.text, caption.facts) == caption.facts
            assert all(seen[name] == value for name, value in caption.facts)
    assert sum(count - 1 for count in again.values()) > 20


def test_nothing_is_repeated_without_a_rate():
    captions = caption_pair({"view": "back", "sex": "man", "build": "average", "pace": "standing"}, random.Random(1),
                            DOMAINS["street"], "en")  # fmt: skip
    repeats, before = Repeats(), list(captions)
    for _ in range(5):
        repeats.apply(captions, {}, random.Random(1), 0.0)
    assert captions == before


def test_the_first_words_of_the_long_tail_are_the_most_frequent():
    drawn = Counter(rare_word(random.Random(seed), "en", "colours", "red mid") for seed in range(4000))
    words = list(long_tail("en")["colours"]["red mid"])
    assert set(drawn) == set(words)
    assert drawn[words[0]] > 1.4 * drawn[words[-1]]
    assert rare_word(random.Random(0), "en", "colours", "green dark blue") == ""


def test_compounds_are_among_the_spellings_that_the_translator_knows():
    for name in ("light blue", "red", "navy", "off-white", "cream colored"):
        assert {compound(random.Random(seed), name) for seed in range(40)} <= {name, *spellings(name)}

"""Vietnamese captions and the domain "plaza": words, facts, phrases, images; the other domains stay as they are."""

import hashlib
import json
import random
import statistics
from dataclasses import replace
from itertools import pairwise

import numpy as np
import PIL
import pytest

from glalign.contract.regions import ATR_LABELS, REGIONS
from glalign.contract.specs.data import SynthesizeSpec
from glalign.language.tokenizers import normalise_caption
from glalign.support.errors import UserError
from glalign.synthetic.captions import words_vi as words
from glalign.synthetic.captions.attributes import region_of, with_grue
from glalign.synthetic.captions.phrases_vi import unmarked
from glalign.synthetic.captions.styles_vi import LONGEST, SHORTEST, STYLES, caption
from glalign.synthetic.captions.typos_vi import add_typos
from glalign.synthetic.dataset import corpus, write_dataset
from glalign.synthetic.domains.palette import HAIR, MIXED_UP, SHADES
from glalign.synthetic.domains.registry import DOMAINS
from glalign.synthetic.drawing.photograph import photograph
from glalign.synthetic.drawing.visible_attributes import visible_attributes
from glalign.synthetic.people.identity import FAMILY, Person, make_person

PLAZA = DOMAINS["plaza"]
SPEC = SynthesizeSpec(domain="plaza", train=90, val=10, test=30, images=2.1, people="vn3k", language="vi", root_seed=4)
DIGESTS = {"street": ("ec5197d729d48916", "b1b8126c6940ad81"), "pretrain": ("682d94a4b3d0d74a", "1285c1a82eab31bb")}
"""Digests of captions and attributes, and of pixels and labels (Pillow 13.0.0)."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("plaza") / "data"
    write_dataset(SPEC, out, lambda *_: None)
    rows = json.loads((out / "reid_raw.json").read_text(encoding="utf-8"))
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    return rows, truth


def all_captions(rows, truth):
    """(caption, facts, phrases, visible) of every caption."""
    for row in rows:
        entry = truth[row["file_path"]]
        for text, facts, phrases in zip(row["captions"], entry["facts"], entry["phrases"], strict=True):
            yield text, facts, phrases, entry["visible"]


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_the_english_domains_are_what_they_were(name):
    captioned, drawn = hashlib.sha256(), hashlib.sha256()
    for pixels, labels, captions, seen, person in corpus(name, 12, 2, 9):
        captioned.update(repr((captions, sorted(seen.items()), person)).encode())
        drawn.update(pixels.tobytes() + labels.tobytes())
    assert captioned.hexdigest()[:16] == DIGESTS[name][0]
    if PIL.__version__ == "13.0.0":
        assert drawn.hexdigest()[:16] == DIGESTS[name][1]


def test_length_and_variety(written):
    texts = [text for text, *_ in all_captions(*written)]
    counts = [len(text.split()) for text in texts]
    assert len(texts) > 500
    assert min(counts) >= SHORTEST
    assert max(counts) <= LONGEST
    assert 27 < statistics.mean(counts) < 34
    assert 8 < statistics.pstdev(counts) < 13.5
    assert all(a != b for a, b in zip(texts[::2], texts[1::2], strict=True))
    assert len(set(texts)) > 0.97 * len(texts)
    assert 0.53 < sum(text[0].islower() for text in texts) / len(texts) < 0.9
    together = " ".join(texts)
    for habit in ("giày", "giầy", "cộc tay", "ngắn tay", "khẩu trang", "nón lá", "áo dài", "bên hông trái", "màu xanh"):
        assert habit in together


def test_same_seed_same_captions_and_a_language_changes_no_picture(written):
    asked = (("vi",), ("en", "vi"), ("en",))
    vietnamese, both, english = (list(corpus("pretrain", 2, 2, 3, languages)) for languages in asked)
    for one, mixed, other in zip(vietnamese, both, english, strict=True):
        assert mixed[2] == [*other[2], *one[2]]
        assert one[2] != other[2]
        assert np.array_equal(one[0], other[0])
        assert other[3].items() <= one[3].items()


def test_two_images_a_person_now_and_then_three(written):
    counts = np.bincount([row["id"] for row in written[0]])[1:]
    assert set(counts) == {2, 3}
    assert 2.02 < counts.mean() < 2.2


def test_facts_agree_with_the_own_image_but_for_a_few_errors(written):
    agree = contradict = 0
    for _, facts, _, seen in all_captions(*written):
        assert facts
        for attribute, value in facts:
            assert attribute in seen, "nobody names what the view hides"
            agree += seen[attribute] == value
            contradict += seen[attribute] != value
    assert 0.005 < contradict / (agree + contradict) < 0.06


def test_every_phrase_knows_its_place_region_and_facts(written):
    placed = 0
    for text, facts, phrases, _ in all_captions(*written):
        assert text == normalise_caption(text)
        for phrase in phrases:
            assert text[phrase["start"] : phrase["end"]] == phrase["text"]
            assert phrase["region"] in (*REGIONS, None)
        assert all(a["end"] <= b["start"] for a, b in pairwise(phrases))
        homes = {(name, value): p["region"] for p in phrases for name, value in p["facts"]}
        assert homes.keys() <= {(name, value) for name, value in facts}
        for name, value in facts:
            if name in ("view", "pace"):
                continue
            placed += 1
            sided, dress = name.endswith("_side"), ("upper", "dress") in homes
            assert sided or dress or homes[name, value] in (region_of(name), "LOWERBODY"), (text, name, value)
    assert placed > 3000


def test_words_state_the_facts():
    """A caption has a fact exactly if it has the word that states it."""
    place, named = replace(PLAZA, typo_rate=0.0), 0
    for number in range(1, 80):
        person = make_person(PLAZA, 1, "words", number)
        seen = with_grue(visible_attributes(person, photograph(PLAZA, person, 1, "words", 0)))
        for style in STYLES:
            text, facts, _ = caption(seen, random.Random(number), style, place)
            for attribute, word in (("mask", "khẩu trang"), ("watch", "đồng hồ"), ("belt", "thắt lưng")):
                assert (attribute in dict(facts)) == (word in text.lower())
                named += attribute in dict(facts)
    assert named > 40


def test_every_value_of_every_domain_has_words():
    for place in DOMAINS.values():
        w = place.wardrobe
        assert {*w.upper_man, *w.upper_woman} <= words.UPPERS.keys()
        assert {*w.lower_man, *w.lower_woman} <= words.LOWERS.keys()
        assert {*w.shoes_man, *w.shoes_woman} <= words.SHOES.keys()
        assert w.bag.keys() - {"none"} <= words.BAGS.keys()
        assert w.hat.keys() - {"none"} <= words.HATS.keys()
        assert w.hair.keys() <= words.HAIR.keys()
    assert FAMILY.keys() == words.UPPERS.keys()
    assert HAIR.keys() == words.HAIR.keys()
    assert {shade.colour for shade in SHADES.values()} == words.COLOURS.keys() == MIXED_UP.keys()
    for item, table in (("upper", words.UPPERS), ("lower", words.LOWERS), ("shoes", words.SHOES), ("hat", words.HATS)):
        assert words.FACTS[item].keys() <= table.keys()


def test_the_small_dialect_has_fewer_words():
    rich = {word for _, _, texts, _, _ in corpus("street", 25, 2, 1, ["vi"]) for text in texts for word in text.split()}
    poor = {
        word for _, _, texts, _, _ in corpus("pretrain", 25, 2, 1, ["vi"]) for text in texts for word in text.split()
    }
    assert len(poor) < 0.9 * len(rich)


@pytest.mark.parametrize("annotator", sorted(STYLES))
def test_a_scarce_view_still_gives_a_caption(annotator):
    seen = {"view": "back", "sex": "man", "build": "average", "pace": "standing", "held": "none", "umbrella": "none"}
    for number in range(40):
        text, facts, _ = caption(seen, random.Random(number), annotator, PLAZA)
        assert len(text.split()) >= SHORTEST
        assert {name for name, _ in facts} <= seen.keys()


def test_typos_keep_the_markers_of_phrases():
    marks = [("HEAD", [("hat", "cap")]), ("SHOES", [])]
    text = "Nam đội \ue100mũ lưỡi trai\ue000, đi \ue101giày màu trắng\ue000."
    place = replace(PLAZA, typo_rate=1.0)
    for number in range(200):
        typed, phrases = unmarked(add_typos(random.Random(number), text, place), marks)
        assert [one.region for one in phrases] == ["HEAD", "SHOES"]
        assert not any("\ue000" <= letter <= "\uf8ff" for letter in typed)
        assert abs(len(typed) - len("Nam đội mũ lưỡi trai, đi giày màu trắng.")) <= 6


def test_nobody_of_the_plaza_writes_english(tmp_path):
    with pytest.raises(UserError, match=r"synthetic\.language: nobody of the domain 'plaza' writes 'en'.*vi"):
        write_dataset(SPEC.model_copy(update={"language": "en"}), tmp_path / "data", lambda *_: None)
    with pytest.raises(UserError, match=r"synthetic\.language"):
        next(corpus("pretrain", 1, 1, 1, ["fr"]))


def labels_of(kind, **traits):
    """Label map of the first woman of the plaza, dressed as asked, whose view nothing and nobody hides."""
    camera = replace(PLAZA.camera, occluded=0.0, passers=0.0)
    person = next(p for p in (make_person(PLAZA, 1, "test", n) for n in range(1, 2000)) if all(
        p.traits[name] == value for name, value in {**traits, "bag": "none", "umbrella": "none"}.items()))  # fmt: skip
    return photograph(replace(PLAZA, camera=camera), person, 1, "test", 0, kind).labels


@pytest.mark.parametrize("kind", ["front", "side", "back"])
def test_an_ao_dai_is_a_long_tunic_over_trousers(kind):
    labels = labels_of(kind, upper="ao dai")
    tunic, trousers = (np.flatnonzero((labels == ATR_LABELS.index(name)).any(1)) for name in ("Dress", "Pants"))
    height = np.flatnonzero((labels > 0).any(1))
    assert np.ptp(tunic) > 0.55 * np.ptp(height)
    assert trousers.max() > tunic.max()
    assert (labels == ATR_LABELS.index("Pants")).sum() > 30


def test_a_conical_hat_is_a_wide_cone():
    hat = labels_of("front", hat="conical hat") == ATR_LABELS.index("Hat")
    rows = hat.sum(1)[hat.any(1)]
    assert rows.max() > 2.5 * rows[:2].mean()
    assert rows.argmax() > len(rows) / 2
    assert rows.max() > 14


def test_a_mask_is_seen_on_faces_only():
    """It is labelled Face and visible only where the face is turned to the camera."""
    shown = 0
    for number in range(1, 60):
        person = make_person(PLAZA, 2, "test", number)
        front, back = (photograph(PLAZA, person, 2, "test", 0, kind) for kind in ("front", "back"))
        assert "mask" not in visible_attributes(person, back)
        shown += visible_attributes(person, front).get("mask") == "mask"
    assert shown > 12


def test_other_people_are_background():
    """A crowd changes the picture, and the label map only where a passer hides the person."""
    alone = replace(PLAZA, camera=replace(PLAZA.camera, crowded=0.0, crowd=0, passers=0.0, occluded=0.0))
    passed = replace(alone, camera=replace(alone.camera, passers=1.0))
    smaller = 0
    for number in range(1, 13):
        person: Person = make_person(PLAZA, 3, "test", number)
        free, hidden = (photograph(place, person, 3, "test", 0, "front") for place in (alone, passed))
        assert set(np.unique(hidden.labels)) <= set(np.unique(free.labels))
        assert ((hidden.labels == free.labels) | (hidden.labels == 0)).all()
        smaller += (hidden.labels > 0).sum() < (free.labels > 0).sum()
    assert smaller > 8

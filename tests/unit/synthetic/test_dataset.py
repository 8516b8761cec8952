"""The synthetic datasets: the release's layout, determinism, independent streams, an honest truth."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from glalign.contract.specs.data import SynthesizeSpec
from glalign.support.errors import UserError
from glalign.synthetic.dataset import corpus, write_dataset
from glalign.synthetic.domains.registry import DOMAINS
from glalign.synthetic.drawing.photograph import photograph
from glalign.synthetic.drawing.visible_attributes import visible_attributes
from glalign.synthetic.people.identity import make_person

SPEC = SynthesizeSpec(domain="street", train=6, val=2, test=3, images=3, people="cuhk", language="en", root_seed=7)


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("synthetic") / "data"
    calls = []
    write_dataset(SPEC, out, lambda done, total: calls.append((done, total)))
    return out, calls


def test_layout_is_that_of_the_release(written):
    out, calls = written
    rows = json.loads((out / "reid_raw.json").read_text(encoding="utf-8"))
    assert {frozenset(row) for row in rows} == {frozenset(("split", "id", "file_path", "captions", "processed_tokens"))}
    ids = {split: sorted({r["id"] for r in rows if r["split"] == split}) for split in ("train", "val", "test")}
    assert ids == {"train": [1, 2, 3, 4, 5, 6], "val": [7, 8], "test": [9, 10, 11]}
    assert calls == [(i + 1, len(rows)) for i in range(len(rows))]
    per_person = np.bincount([r["id"] for r in rows])[1:]
    assert per_person.min() >= 2
    assert abs(per_person.mean() - SPEC.images) < 1
    for row in rows:
        with Image.open(out / "imgs" / row["file_path"]) as image:
            assert (image.size, image.mode) == ((64, 128), "RGB")
        with Image.open(out / "labels" / f"{row['file_path']}.png") as labels:
            assert (labels.size, labels.mode) == ((64, 128), "L")
            assert np.asarray(labels).max() < 18
        assert len(row["captions"]) == len(row["processed_tokens"]) == 2


def test_same_seed_same_bytes_and_adding_people_shifts_nothing(written, tmp_path):
    out, _ = written
    write_dataset(SPEC, tmp_path / "again", lambda *_: None)
    assert files(tmp_path / "again") == files(out)
    write_dataset(SPEC.model_copy(update={"test": 4}), tmp_path / "more", lambda *_: None)
    ours, more = files(out), files(tmp_path / "more")
    pictures = {k for k in ours if k.startswith(("imgs/", "labels/"))}
    assert {k: more[k] for k in pictures} == {k: ours[k] for k in pictures}
    write_dataset(SPEC.model_copy(update={"root_seed": 8}), tmp_path / "other", lambda *_: None)
    assert files(tmp_path / "other")["reid_raw.json"] != ours["reid_raw.json"]


def test_facts_agree_with_the_own_image_but_for_a_few_errors(written):
    truth = json.loads((written[0] / "truth.json").read_text(encoding="utf-8"))
    agree = contradict = 0
    for image in truth.values():
        for facts in image["facts"]:
            assert facts
            for attribute, value in facts:
                assert attribute in image["visible"], "nobody names what the view hides"
                agree += image["visible"][attribute] == value
                contradict += image["visible"][attribute] != value
    assert 0 <= contradict / (agree + contradict) < 0.06


def test_unknown_domain_or_language_is_a_user_error_and_leaves_nothing(tmp_path):
    for key in ("domain", "language"):
        with pytest.raises(UserError, match=f"synthetic.{key}"):
            write_dataset(SPEC.model_copy(update={key: "nowhere"}), tmp_path / "data", lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_writing_leaves_nothing(tmp_path):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(SPEC, tmp_path / "data", stop)
    assert list(tmp_path.iterdir()) == []


def test_corpus_yields_images_labels_words_and_attributes():
    items = list(corpus("pretrain", 3, 2, 1))
    assert [person for *_, person in items] == [1, 1, 2, 2, 3, 3]
    for pixels, labels, captions, attributes, _ in items:
        assert (pixels.shape, pixels.dtype) == ((128, 64, 3), np.uint8)
        assert (labels.shape, labels.dtype) == ((128, 64), np.uint8)
        assert len(captions) == 2
        assert {"view", "sex"} <= attributes.keys()
    again = next(corpus("pretrain", 1, 1, 1))
    assert np.array_equal(again[0], items[0][0])
    assert again[2] == items[0][2]


def test_pretraining_people_are_nobody_of_the_benchmark():
    street, other = DOMAINS["street"], DOMAINS["pretrain"]
    benchmark = {json.dumps([p.traits, p.dyes]) for p in (make_person(street, 1, "cuhk", n) for n in range(1, 400))}
    for place in (street, other):
        people = (make_person(place, 1, "pretrain", n) for n in range(1, 400))
        assert not benchmark & {json.dumps([p.traits, p.dyes]) for p in people}


def test_many_people_share_most_traits():
    people = [make_person(DOMAINS["street"], 1, "cuhk", n) for n in range(1, 601)]
    look = [
        tuple(p.traits.get(k) for k in ("sex", "upper_family", "upper_colour", "lower", "lower_colour")) for p in people
    ]
    shared = sum(look.count(one) > 1 for one in look) / len(look)
    assert 0.3 < shared < 0.9, "neither trivial nor hopeless"
    assert sum(p.traits["hair_colour"] == "black" for p in people) > 400


def test_the_picture_shows_what_the_label_map_says():
    """Facing people have a face and a worn garment; a back shows no glasses, print, belt or inner shirt."""
    for number in range(1, 25):
        person = make_person(DOMAINS["street"], 3, "cuhk", number)
        front, back = (photograph(DOMAINS["street"], person, 3, "cuhk", 0, kind) for kind in ("front", "back"))
        assert np.bincount(front.labels.ravel(), minlength=18)[11] > 15
        assert {"glasses", "print", "belt", "inner"}.isdisjoint(visible_attributes(person, back))
        worn = (front.labels == 4) | (front.labels == 7)
        assert worn.sum() > 150
        assert np.array_equal(front.pixels, np.asarray(Image.open(io.BytesIO(front.jpeg))))

"""The parser's plumbing on random weights; label maps on disk; agreement against a count; training that repeats."""

import json

import numpy as np
import pytest
import torch
from helpers.twins import twin_spec
from PIL import Image

from glalign.contract.records import Record, write_manifest
from glalign.contract.regions import ATR_LABELS, REGIONS, region_table
from glalign.contract.specs.data import ParseSpec
from glalign.parsing.label_maps import Agreement, map_file, read_labels, write_labels
from glalign.parsing.parse import parse_images
from glalign.parsing.parser import Parser, paired
from glalign.parsing.stripes import stripes
from glalign.pretraining.parser import ARCHITECTURE, label_weights, pretrain_parser, segmentation_loss
from glalign.pretraining.parser_augmentation import augment, mirror
from glalign.storage.weight_files import save_weights
from glalign.support.errors import UserError

SIZES = [(128, 64), (61, 23), (200, 90), (128, 64)]


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights with random values and their record."""
    path = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    save_weights(path / "small.safetensors", Parser(ARCHITECTURE).network.state_dict())
    (path / "small.json").write_text(json.dumps({"record": ARCHITECTURE}), encoding="utf-8")
    return path


@pytest.fixture
def dataset(tmp_path):
    """A manifest of images of several sizes, true maps being stripes."""
    records = []
    for number, (height, width) in enumerate(SIZES):
        name = f"cam/{number}.png"
        (tmp_path / "imgs" / "cam").mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(height, width, number)).save(tmp_path / "imgs" / name)
        write_labels(map_file(tmp_path / "labels", name), stripes(height, width))
        records.append(Record(name, number, "train", ("a man",)))
    write_manifest(tmp_path / "m.jsonl", records)
    paths = {
        "manifest": str(tmp_path / "m.jsonl"),
        "images": str(tmp_path / "imgs"),
        "labels": str(tmp_path / "labels"),
    }
    return ParseSpec(**paths, method="stripes", weights="", name="", threads=1, device="cpu")


def test_parser_is_small():
    assert sum(p.numel() for p in Parser(ARCHITECTURE).network.parameters()) < 300_000


def test_maps_have_their_images_sizes_and_do_not_depend_on_company(folder):
    parser = Parser.load(folder, "small")
    images = [picture(*size, seed) for seed, size in enumerate(SIZES)]
    maps = parser.predict(images)
    assert [m.shape for m in maps] == SIZES
    assert all(m.dtype == np.uint8 and m.max() < 18 for m in maps)
    alone = parser.predict(images[1:2])[0]
    assert (alone == maps[1]).mean() > 0.999
    np.testing.assert_array_equal(parser.predict(images)[2], maps[2])


def test_missing_weights_and_foreign_records_are_named(folder, tmp_path):
    with pytest.raises(UserError, match=r"none\.json"):
        Parser.load(folder, "none")
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.json: not a parser's record"):
        Parser.load(tmp_path, "x")
    for change in (
        {"model": 3},
        {"model": {"depths": "x"}},
        {"input": {}},
        {"input": {"size": 3, "mean": 1, "std": 1}},
    ):
        (tmp_path / "x.json").write_text(json.dumps({"record": {**ARCHITECTURE, **change}}), encoding="utf-8")
        with pytest.raises(UserError, match=r"x\.json: its `record` describes no parser \(.*\); fetch it again"):
            Parser.load(tmp_path, "x")
    (tmp_path / "x.json").write_text(json.dumps({"record": ARCHITECTURE}), encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.safetensors"):
        Parser.load(tmp_path, "x")


@pytest.mark.parametrize("method", ["stripes", "segformer"])
def test_parse_images(method, dataset, folder, tmp_path):
    spec = dataset.model_copy(update={"method": method, "weights": str(folder), "name": "small"})
    parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")
    for number, size in enumerate(SIZES):
        labels = read_labels(map_file(tmp_path / "parts", f"cam/{number}.png"))
        assert labels.shape == size
    report = json.loads((tmp_path / "parts.json").read_text(encoding="utf-8"))
    assert report["images"] == len(SIZES)
    assert sum(report["label_share"].values()) == pytest.approx(1, abs=0.001)
    if method == "stripes":
        assert report["agreement"]["miou_regions"] == report["agreement"]["miou_labels"] == 100
        assert report["region_present"] == dict.fromkeys(REGIONS, 1)


def test_a_damaged_image_leaves_no_label_maps_behind(dataset, tmp_path):
    (tmp_path / "imgs" / "cam" / "2.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"2\.png"):
        parse_images(dataset, tmp_path / "parts", tmp_path / "parts.json", "code")
    assert {path.name for path in tmp_path.iterdir()} == {"imgs", "labels", "m.jsonl", "parts.part"}


def test_label_maps_survive_the_disk(tmp_path):
    labels = np.random.default_rng(0).integers(0, 18, (31, 17), dtype=np.uint8)
    write_labels(tmp_path / "a" / "b.png", labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "a" / "b.png"), labels)
    Image.fromarray(picture(4, 4)).save(tmp_path / "rgb.png")
    for name in ("rgb.png", "none.png"):
        with pytest.raises(UserError, match=name):
            read_labels(tmp_path / name)


def test_agreement_equals_a_count():
    rng = np.random.default_rng(3)
    pairs = [(rng.integers(0, 16, (9, 7), dtype=np.uint8), rng.integers(0, 17, (9, 7), dtype=np.uint8)) for _ in "abc"]
    agreement = Agreement()
    for predicted, true in pairs:
        agreement.add(predicted, true)
    report = agreement.report()
    predicted, true = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
    for index, name in enumerate(ATR_LABELS):
        both, either = ((predicted == index) & (true == index)).sum(), ((predicted == index) | (true == index)).sum()
        expected = round(100 * both / either, 2) if (true == index).any() else None
        assert report["labels"][name] == expected
    for row, name in enumerate(REGIONS):
        inside = region_table("both")[row].astype(bool)
        both, either = (inside[predicted] & inside[true]).sum(), (inside[predicted] | inside[true]).sum()
        assert report["regions"][name] == round(100 * both / either, 2)
    assert report["labels"]["Scarf"] is None
    known = [value for value in report["labels"].values() if value is not None]
    assert report["miou_labels"] == pytest.approx(np.mean(known), abs=0.01)


def test_mirror_swaps_sides():
    labels = torch.tensor([[9, 0, 4, 15]])
    assert mirror(labels).tolist() == [[14, 4, 0, 10]]
    assert torch.equal(mirror(mirror(labels)), labels)


def test_augmentation_keeps_shapes_and_repeats():
    pixels, labels = torch.rand(4, 3, 32, 16), torch.randint(18, (4, 32, 16))
    first = augment(pixels, labels, torch.Generator().manual_seed(1))
    again = augment(pixels, labels, torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert first[0].shape == pixels.shape
    assert first[0].min() >= 0
    assert first[0].max() <= 1
    assert set(first[1].unique().tolist()) <= set(range(18))


def test_loss_of_a_uniform_guess_is_log_18():
    loss = segmentation_loss(torch.zeros(2, 18, 4, 2), torch.randint(18, (2, 16, 8)))
    assert loss.item() == pytest.approx(np.log(18), rel=1e-5)


def test_training_repeats_to_the_byte(tmp_path):
    people = {"domain": "pretrain", "identities": 6, "held_out": 2, "images": 1}
    spec = twin_spec(kind="parser", seed=3, steps=3, batch=4, lr=0.003, weight_decay=0.01, **people)
    records = [pretrain_parser(spec, tmp_path / f"{name}.safetensors") for name in ("a", "b")]
    assert records[0] == records[1]
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    (tmp_path / "a.json").write_text(json.dumps({"record": records[0]}), encoding="utf-8")
    assert Parser.load(tmp_path, "a").predict([picture(20, 10)])[0].shape == (20, 10)


def test_what_is_left_or_right_of_something_is_that_thing():
    scores = torch.full((1, 18, 1, 1), -9.0)
    scores[0, ATR_LABELS.index("Background")] = 1.0
    scores[0, ATR_LABELS.index("Left-shoe")] = 0.6
    scores[0, ATR_LABELS.index("Right-shoe")] = 0.7
    assert scores.argmax(1).item() == ATR_LABELS.index("Background")
    raised = paired(scores)
    assert raised.argmax(1).item() == ATR_LABELS.index("Right-shoe")
    both = scores[0, [9, 10]].logsumexp(0).item()
    assert raised[0, 10].item() == pytest.approx(both, abs=1e-5)


def test_rare_labels_weigh_more_and_the_mean_pixel_weighs_one():
    labels = torch.zeros(1, 100, 100, dtype=torch.uint8)
    labels[:, :20], labels[:, :2, :50] = 4, 16
    weights = label_weights(labels)
    assert weights[0] < weights[4] < weights[16]
    assert weights[labels.long()].mean().item() == pytest.approx(1, rel=1e-4)

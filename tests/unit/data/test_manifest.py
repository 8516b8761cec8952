"""A manifest is written when everything is right, and nothing is written otherwise."""

import hashlib
import json
import logging
import os
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.manifests import make, spec

from glalign.config.datasets import Splits
from glalign.contract.records import read_manifest
from glalign.support.errors import UserError


def test_manifest_and_statistics(pedes: Path, tmp_path: Path) -> None:
    out = tmp_path / "manifests" / "cuhk_en.jsonl"
    make(spec(pedes), out)
    records = read_manifest(out)
    report = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(records) == 18
    assert report["annotations"]["sha256"] == hashlib.sha256((pedes / "reid_raw.json").read_bytes()).hexdigest()
    words = [len(c.split()) for r in records if r.split == "test" for c in r.captions]
    facts = report["splits"]["test"].pop("caption_facts")
    assert facts == {
        **{"shared": 0, "shared_texts": 0, "rank1_ceiling": 100.0, "vietnamese": 0, "scripts": {}},
        "cut": {"CLIP's 77 tokens": 0},
    }
    assert report["repeated_images"] == {"pictures": 0, "of_several_people": 0, "between": {}, "first": {}}
    assert report["splits"]["test"] == {
        "identities": 3,
        "images": 6,
        "captions": 12,
        "caption_words": {
            "mean": round(sum(words) / 12, 3),
            "sd": round(statistics.stdev(words), 3),
            "min": min(words),
            "max": max(words),
        },
    }
    assert report["all"]["images"] == 18
    assert report["image_size"] == {"width": [33, 64], "height": [77, 160]}


def test_what_limits_results_is_counted_and_in_the_log(
    edit: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def share(entries: list[dict]) -> None:
        test = [entry for entry in entries if entry["split"] == "test"]
        test[0]["captions"] = test[2]["captions"] = ["the same man"]

    root = edit(share)
    entries = json.loads((root / "reid_raw.json").read_text(encoding="utf-8"))
    files = [root / "imgs" / entries[number]["file_path"] for number in (0, -1)]
    files[1].write_bytes(files[0].read_bytes())
    with caplog.at_level(logging.WARNING, "glalign"):
        make(spec(root, language="vi"), tmp_path / "m.jsonl")
    report = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert report["splits"]["test"]["caption_facts"]["rank1_ceiling"] == 90.0
    assert report["repeated_images"]["between"] == {"test and train": 1}
    said = "\n".join(caplog.messages)
    assert (
        "cuhk_en: test: 2 captions have 1 text that several people have; no system can reach a Rank-1 above 90.00 %"
        in said
    )
    assert "cuhk_en: test and train have 1 picture in common, byte for byte: first " in said
    assert "cuhk_en: train: only 0 of 16 captions have a letter that Vietnamese has" in said


def test_same_bytes_every_time_and_seeded_hold_out(pedes: Path, tmp_path: Path) -> None:
    changes = {"splits": Splits(val=None, test="val"), "holdout": 1}
    texts = []
    for name in ("a", "b"):
        make(spec(pedes, **changes), tmp_path / name / "m.jsonl")
        texts.append([(tmp_path / name / f"m.{suffix}").read_bytes() for suffix in ("jsonl", "json")])
    assert texts[0] == texts[1]
    records = read_manifest(tmp_path / "a" / "m.jsonl")
    assert [len({r.person for r in records if r.split == s}) for s in ("train", "val", "test")] == [3, 1, 2]


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_broken_images_leave_nothing_behind(pedes: Path, tmp_path: Path, damage: str) -> None:
    image = sorted((pedes / "imgs" / "Market").iterdir())[0]
    content = image.read_bytes()
    image.unlink()
    if damage != "missing":
        image.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"not found")
    kind = "missing or unreadable" if damage == "missing" else "not decodable"
    with pytest.raises(UserError, match=rf"1 {kind}, first Market/{image.name} \(of 18\).*data verify"):
        make(spec(pedes), tmp_path / "out" / "m.jsonl")
    assert not (tmp_path / "out").exists()


def test_a_failing_write_leaves_nothing_behind(pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def replace(source: str, target: Path) -> None:
        if str(target).endswith(".jsonl"):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(UserError, match=r"m\.jsonl: cannot be written \(No space left"):
        make(spec(pedes), tmp_path / "out" / "m.jsonl")
    assert list((tmp_path / "out").iterdir()) == []


def test_unknown_format(pedes: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"datasets\.cuhk_en\.format: 'coco'; known are cuhk_pedes"):
        make(spec(pedes, format="coco"), tmp_path / "m.jsonl")

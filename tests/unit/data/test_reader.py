"""The reader takes the release as it is and refuses, by name, what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.pedes import read_pedes

from glalign.support.errors import UserError

SPLITS = {"train": "train", "val": "val", "test": "test"}
Edit = Callable[[Callable[[list[dict[str, Any]]], object]], Path]


def test_one_record_per_entry_in_order(pedes: Path) -> None:
    entries = json.loads((pedes / "reid_raw.json").read_text(encoding="utf-8"))
    records = read_pedes(pedes, SPLITS)
    assert [(r.image, r.person, r.split) for r in records] == [(e["file_path"], e["id"], e["split"]) for e in entries]
    assert records[0].captions[1] == " ".join(entries[0]["captions"][1].split())


def test_splits_are_renamed_and_others_left_out(pedes: Path) -> None:
    records = read_pedes(pedes, {"train": "train", "val": None, "test": "val"})
    assert {(r.split, r.person) for r in records} == {*(("train", i) for i in range(1, 5)), ("test", 5), ("test", 6)}


def test_captions_are_cleaned_but_keep_their_case(edit: Edit) -> None:
    root = edit(lambda entries: entries[0].update(captions=["A\r\n  Man\u00a0with\ta e\u0301lan\x07 "]))
    assert read_pedes(root, SPLITS)[0].captions == ("A Man with a \u00e9lan",)


def test_paths_become_canonical(edit: Edit) -> None:
    def spell(entries: list[dict[str, Any]]) -> None:
        entries[0]["file_path"] = "./" + entries[0]["file_path"].replace("/", "//")

    before = json.loads((edit(lambda _: None) / "reid_raw.json").read_text(encoding="utf-8"))[0]["file_path"]
    assert read_pedes(edit(spell), SPLITS)[0].image == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.__setitem__(3, "text"), r"entry 3: an object is wanted"),
        (lambda e: e[3].pop("split"), r"entry 3 \(.*\): key 'split' is missing"),
        (lambda e: e[3].update(img_path=e[3].pop("file_path")), r"entry 3: key 'file_path' is missing \(this release"),
        (lambda e: e[3].update(id="2"), r"'id' is str, not int"),
        (lambda e: e[3].update(id=True), r"'id' is bool, not int"),
        (lambda e: e[3].update(captions="A man"), r"'captions' is str, not list"),
        (lambda e: e[3].update(captions=[]), r"no captions"),
        (lambda e: e[3]["captions"].append(None), r"caption 2 is NoneType"),
        (lambda e: e[3]["captions"].append(" \n\t"), r"caption 2 is empty"),
        (lambda e: e[3]["captions"].append("..."), r"caption 2 is empty"),
        (lambda e: e[3].update(file_path="/etc/passwd"), r"leaves the folder"),
        (lambda e: e[3].update(file_path="../reid_raw.json"), r"leaves the folder"),
        (lambda e: e[3].update(file_path="Market/../../x.png"), r"leaves the folder"),
        (lambda e: e[3].update(file_path=""), r"leaves the folder"),
        (lambda e: e[3].update(file_path="..\\x.png"), r"forward slashes"),
        (lambda e: e[3].update(file_path="C:/x.png"), r"forward slashes"),
        (lambda e: e[3].update(file_path="a\x00.png"), r"forward slashes"),
        (lambda e: e[3].update(file_path="a\ud800.png"), r"forward slashes"),
        (lambda e: e[3].update(file_path=e[3]["file_path"] + "\n"), r"\.\w+\\n\): .*forward slashes"),
        (lambda e: e[3].update(file_path="a\x1b[2Jb.png"), r"forward slashes"),
        (lambda e: e[3].update(id=10**16), r"'id' has 17 digits; correct the file"),
        (
            lambda e: e[3]["captions"].append("word " * 200_000),
            r"caption 2 has 1,000,000 characters, more than 10,000",
        ),
        (lambda e: e[3].update(file_path=e[1]["file_path"]), r"entry 3 .*the same file_path as entry 1"),
        (lambda e: e[3].update(split="test"), r"entry 3 .*: id 2 is in split 'test' here and in 'train' at entry 2"),
    ],
)
def test_wrong_entries_are_named(edit: Edit, change: Callable[[list[Any]], object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_pedes(edit(change), SPLITS)
    assert "reid_raw.json: entry 3" in str(caught.value)


def test_links_may_not_lead_out_but_the_whole_folder_may_be_one(pedes: Path, edit: Edit) -> None:
    outside = pedes.parent / "elsewhere"
    (pedes / "imgs").rename(outside)
    (pedes / "imgs").symlink_to(outside)
    records = read_pedes(pedes, SPLITS)
    image = outside / records[0].image
    image.rename(pedes.parent / "stolen")
    image.symlink_to(pedes.parent / "stolen")
    with pytest.raises(UserError, match=r"entry 0 .*leaves the folder"):
        read_pedes(pedes, SPLITS)
    image.unlink()
    image.symlink_to(image)  # a link to itself
    with pytest.raises(UserError, match=r"entry 0 .*leaves the folder"):
        read_pedes(pedes, SPLITS)
    image.unlink()
    (outside / "out").symlink_to(pedes.parent)
    with pytest.raises(UserError, match=r"entry 0 .*leaves the folder"):
        read_pedes(edit(lambda e: e[0].update(file_path="out/stolen")), SPLITS)


def test_missing_truncated_and_foreign_files_are_named(pedes: Path) -> None:
    file = pedes / "reid_raw.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[:200], encoding="utf-8")
    with pytest.raises(UserError, match=r"reid_raw\.json: not valid JSON at line 1"):
        read_pedes(pedes, SPLITS)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"reid_raw\.json: not a list"):
        read_pedes(pedes, SPLITS)
    file.unlink()
    with pytest.raises(UserError, match=r"reid_raw\.json: no such file; .*`root`"):
        read_pedes(pedes, SPLITS)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (
            {"train": "train", "test": "probe"},
            r"no entry of split 'probe' \(test in `splits`\); .*has: test, train, val",
        ),
        ({"train": "train", "dev": "val"}, r"splits\.dev: unknown split"),
        ({"val": "test", "test": "test"}, r"splits\.test: 'test' is already our 'val'"),
        ({"train": None}, r"every split is null"),
    ],
)
def test_wrong_split_maps_are_named(pedes: Path, splits: dict[str, str | None], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_pedes(pedes, splits)

"""What of a release decides whether its manifest is made again, and what does not."""

import json
import os
from pathlib import Path

import pytest
from helpers.pedes import write_entries

from glalign.contract.formats import dataset_release
from glalign.data.release_digest import release_digest


def digest(root: Path | str) -> str:
    splits = {"train": "train", "val": "val", "test": "test"}
    return release_digest(dataset_release({"format": "cuhk_pedes", "root": str(root), "splits": splits}))


def test_place_and_times_and_foreign_files_do_not_count(pedes: Path) -> None:
    before = digest(pedes)
    (pedes / "imgs" / "notes.txt").write_text("mine", encoding="utf-8")
    moved = pedes.rename(pedes.parent / "elsewhere")
    for file in moved.rglob("*"):
        os.utime(file, (1, 1))
    assert digest(moved) == digest(f"{moved}/") == before


@pytest.mark.parametrize("change", ["caption", "another size", "gone"])
def test_what_a_manifest_is_made_from_counts(pedes: Path, change: str) -> None:
    before = digest(pedes)
    entries = json.loads((pedes / "reid_raw.json").read_text(encoding="utf-8"))
    image = pedes / "imgs" / entries[0]["file_path"]
    if change == "caption":
        entries[0]["captions"][0] += " Tall."
        write_entries(pedes, entries)
    elif change == "gone":
        image.unlink()
    else:
        image.write_bytes(image.read_bytes() + b"x")
    assert digest(pedes) != before


def test_what_cannot_be_read_has_a_digest_all_the_same(pedes: Path) -> None:
    found = [digest(pedes)]
    write_entries(pedes, [1, {"file_path": "a\0b"}, {"file_path": "\ud800"}, {"file_path": 3}])
    found.append(digest(pedes))
    (pedes / "reid_raw.json").write_text("[{", encoding="utf-8")
    found.append(digest(pedes))
    (pedes / "reid_raw.json").unlink()
    found.append(digest(pedes))
    assert len(set(found)) == len(found)

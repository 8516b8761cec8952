"""A folder without the annotation file: what is there, and which option reads it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.pedes import make_pedes

from glalign.contract.published_counts import published_counts
from glalign.data import published_releases
from glalign.data.published_releases import PUBLISHED, RELEASES, published
from glalign.data.verify import describe, verify
from glalign.support.errors import UserError


def rename(old: str, new: str) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        (root / old).rename(root / new)
        return root

    return change


def nested(root: Path) -> Path:
    inner = root / "CUHK-PEDES" / "CUHK-PEDES"
    inner.mkdir(parents=True)
    for name in ("reid_raw.json", "imgs"):
        (root / name).rename(inner / name)
    return root


def too_deep(root: Path) -> Path:
    return root / "imgs" / "Market"


def aptm(name: str) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        (root / "reid_raw.json").unlink()
        (root / "data" / "finetune").mkdir(parents=True)
        rows = [{"image": "a.png", "image_id": 1, "caption": "a man"}]
        for split in ("train", "val", "test"):
            (root / "data" / "finetune" / f"{name}_{split}.json").write_text(json.dumps(rows), encoding="utf-8")
        return root

    return change


def of_layout(name: str, **keys: object) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        (root / "reid_raw.json").unlink()
        entry = {"split": "train", "id": 1, "captions": ["a"]} | keys
        (root / name).write_text(json.dumps([entry]), encoding="utf-8")
        return root

    return change


def only_caption_all(root: Path) -> Path:
    (root / "reid_raw.json").unlink()
    rows = [{"id": 1, "file_path": "a.png", "captions": ["a"]}]
    (root / "caption_all.json").write_text(json.dumps(rows), encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            "cuhk_pedes",
            only_caption_all,
            "there is caption_all.json, which has no splits, numbers people other",
        ),
        (
            "cuhk_pedes",
            rename("reid_raw.json", "REID-raw.json"),
            "REID-raw.json: `annotations: REID-raw.json` reads it",
        ),
        (
            "cuhk_pedes",
            rename("reid_raw.json", "mine.json"),
            "is mine.json, which `annotations: mine.json` reads",
        ),
        (
            "rstpreid",
            rename("reid_raw.json", "x.json"),
            ", which `format: cuhk_pedes` with `annotations: x.json`",
        ),
        ("cuhk_pedes", nested, "it is in `root: ROOT/CUHK-PEDES/CUHK-PEDES`"),
        ("cuhk_pedes", too_deep, "it is in `root: ROOT`"),
        ("icfg_pedes", of_layout("ICFG_PEDES.json", file_path="a"), "`annotations: ICFG_PEDES.json` reads it"),
        ("icfg_pedes", too_deep, "ROOT, which `root` should name, looks like `format: cuhk_pedes`"),
        ("cuhk_pedes", of_layout("data_captions.json", img_path="a"), "the folder looks like `format: rstpreid`"),
        (
            *("cuhk_pedes", of_layout("data_captions.json", file_path="a", en_captions=["a"])),
            "the folder looks like `format: vn3k_mixed_vi` or `format: vn3k_mixed_en`",
        ),
        ("cuhk_pedes", aptm("cuhk"), "the folder looks like `format: aptm`"),
        ("aptm", lambda root: aptm("cuhk")(root) / "data" / "finetune", "it is in `root: ROOT`"),
        ("aptm", aptm("icfg"), "`annotations: data/finetune/icfg_{split}.json` reads it (`--annotations`"),
        (
            "rstpreid",
            lambda root: root / "nowhere",
            "there is no folder ROOT/nowhere: a folder of RSTPReid holds",
        ),
        ("cuhk_pedes", lambda root: root / "reid_raw.json", "is a file: name the folder that it is in, `root: ROOT`"),
        ("cuhk_pedes", lambda root: root.with_name("Re_lease"), "Re_lease, but there is `root: ROOT`"),
        ("cuhk_pedes", rename("reid_raw.json", "reid_raw.JSON"), "`annotations: reid_raw.JSON` reads it"),
        ("cuhk_pedes", rename("reid_raw.json", "reid_raw.json.txt"), "`annotations: reid_raw.json.txt` reads it"),
        (
            "cuhk_pedes",
            rename("reid_raw.json", "a.txt"),
            "`root: null` for synthetic people; it has a.txt, imgs",
        ),
    ],
)
def test_it_is_said_what_is_there_and_which_option_reads_it(
    tmp_path: Path, kind: str, change: Callable[[Path], Path], message: str
) -> None:
    root = tmp_path / "release"
    make_pedes(root)
    given = change(root)
    with pytest.raises(UserError, match="no such file; ") as caught:
        verify(given, kind)
    assert message.replace("ROOT", str(root)) in str(caught.value)


def test_what_the_advice_names_can_be_read(tmp_path: Path) -> None:
    make_pedes(tmp_path)
    (tmp_path / "reid_raw.json").rename(tmp_path / "Reid_Raw.JSON.json")
    (tmp_path / "imgs" / "empty").mkdir()
    with pytest.raises(UserError, match=r"`annotations: Reid_Raw\.JSON\.json`"):
        verify(tmp_path)
    assert verify(tmp_path, annotation_file="Reid_Raw.JSON.json")["ok"]


def test_links_in_a_circle_are_passed_over(tmp_path: Path) -> None:
    make_pedes(tmp_path / "inner")
    (tmp_path / "a").symlink_to(tmp_path / "a")
    with pytest.raises(UserError, match=f"it is in `root: {tmp_path}/inner`"):
        verify(tmp_path)


def counts(title: str) -> dict[str, dict[str, int]]:
    return {split: dict(numbers) for split, numbers in RELEASES[title].counts.items()}


def test_counts_are_compared_with_the_release_that_a_dialect_holds() -> None:
    assert published("aptm", "APTM/data/finetune/cuhk_train.json", counts("CUHK-PEDES")).title == "CUHK-PEDES"
    assert published("aptm", "APTM/data/finetune/icfg_train.json", {}).title == "ICFG-PEDES"
    assert published("rasa", "RSTPReid/processed_data/train.json", {}).title == "RSTPReid"
    assert published("rasa", "mine/processed_data/train.json", counts("RSTPReid")).title == "RSTPReid"
    assert published("rasa", "mine/processed_data/train.json", {}).title == "CUHK-PEDES"
    assert published("icfg_pedes", "mine/rstp.json", counts("RSTPReid")).title == "ICFG-PEDES"
    assert all(PUBLISHED[kind].is_complete(dict(PUBLISHED[kind].counts)) for kind in ("rasa", "vn3k", "tbps_clip"))


def test_the_report_says_whose_counts_it_compares_with(tmp_path: Path) -> None:
    root = tmp_path / "RSTPReid"
    entries = make_pedes(root)
    for split in ("train", "val", "test"):
        file = root / "processed_data" / f"{split}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps([e for e in entries if e["split"] == split]), encoding="utf-8")
    report = verify(root, "rasa")
    assert report["release"] == "RSTPReid"
    assert report["difference"]["test"] == {"images": 6 - 1_000, "captions": 12 - 2_000, "ids": 3 - 200}
    assert "difference from the official RSTPReid, Zhu et al. 2021" in describe(report)


def test_both_published_numbers_of_captions_are_complete() -> None:
    release, splits = RELEASES["3000VnPerson-Search"], counts("3000VnPerson-Search")
    assert sum(part["images"] for part in splits.values()) == 6_302
    rows = [row for (name, _), row in published_counts().items() if name == release.title]
    assert sum(row.captions_in_paper for row in rows) == 12_602
    assert release.is_complete(splits)
    splits["train"]["captions"] -= 2
    assert release.is_complete(splits)
    splits["train"]["captions"] -= 1
    assert not release.is_complete(splits)
    assert "12,602" in release.remark and "lan.lethi1@hust.edu.vn" in release.ask
    assert published_releases.OTHERS.keys() == {"icfg", "rstp"}

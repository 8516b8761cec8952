"""The same nine people written in every dialect, read back as the same records; and folders that are another thing."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from helpers.pedes import make_pedes, read_pedes

from glalign.config.settings import Dataset
from glalign.contract.formats import FORMATS, dataset_release
from glalign.contract.records import Record
from glalign.data.pickles import DROPPED
from glalign.data.published_releases import PUBLISHED
from glalign.data.reader import read_release
from glalign.data.verify import verify
from glalign.support.errors import UserError

Entries = list[dict[str, Any]]
SPLITS = {"train": "train", "val": "val", "test": "test"}


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def of(entries: Entries, split: str) -> Entries:
    return [e for e in entries if e["split"] == split]


def plain(name: str) -> Callable[[Path, Entries], None]:
    return lambda root, entries: write(root / name, entries)


def vn3k(name: str) -> Callable[[Path, Entries], None]:
    def make(root: Path, entries: Entries) -> None:
        write(root / name, [{**e, "split": "validate" if e["split"] == "val" else e["split"]} for e in entries])

    return make


def mixed(root: Path, entries: Entries) -> None:
    both = [{**e, "en_captions": e["captions"], "captions": [f"người {e['id']}"] * 2} for e in entries]
    vn3k("data_captions.json")(root, both)


def icfg(root: Path, entries: Entries) -> None:
    write(root / "ICFG-PEDES.json", [e for e in entries if e["split"] != "val"])


def rstp(root: Path, entries: Entries) -> None:
    write(root / "data_captions.json", [{**e, "img_path": e["file_path"], "file_path": None} for e in entries])


def rasa(root: Path, entries: Entries) -> None:
    for split in SPLITS:
        write(root / f"processed_data/{split}.json", of(entries, split))


def tbps(root: Path, entries: Entries) -> None:
    for split in ("train", "test"):
        rows = [{**e, "captions_bt": e["captions"]} for e in of(entries, split)]
        write(root / f"{split}_reid.json", [{k: v for k, v in row.items() if k != "split"} for row in rows])


def vitaa(root: Path, entries: Entries) -> None:
    image = 0
    for split in SPLITS:
        rows = []
        for e in of(entries, split):
            image += 1
            about = {"image_id": image, "id": e["id"] - 1, "file_path": e["file_path"], "onehot": [1, 2]}
            rows += [{**about, "sentence": caption} for caption in e["captions"]]
        rows.sort(key=lambda row: len(row["sentence"]))  # captions of an image need not stand together
        write(root / f"annotations/{split}.json", {"categories": [], "annotations": rows})


def aptm(root: Path, entries: Entries) -> None:
    for split in SPLITS:
        rows: Entries = []
        for e in of(entries, split):
            about = {"image": e["file_path"], "image_id": e["id"]}
            captions = e["captions"] if split == "train" else [e["captions"]]  # one string, or a list
            rows += [{**about, "caption": caption} for caption in captions]
        write(root / f"data/finetune/cuhk_{split}.json", rows)


def ssan(root: Path, entries: Entries) -> None:
    (root / "processed_data").mkdir()
    for split in SPLITS:
        part, columns = of(entries, split), {}
        captions = [(e, c) for e in part for c in e["captions"]]
        if split == "test":
            columns = {"id": [e["id"] for e in part], "img_path": [f"imgs/{e['file_path']}" for e in part]}
            columns["caption_matching_img_index"] = [i for i, e in enumerate(part) for _ in e["captions"]]
        else:
            columns["id"] = [e["id"] - 1 - sum(e["id"] > d for d in DROPPED) for e, _ in captions]
            columns["img_path"] = [f"imgs/{e['file_path']}" for e, _ in captions]
            columns["same_id_index"] = [np.arange(3) for _ in captions]
        columns |= {"captions": [c for _, c in captions], "lstm_caption_id": [[1, 2] for _ in captions]}
        (root / f"processed_data/{split}_save.pkl").write_bytes(pickle.dumps(columns))


WRITERS: dict[str, tuple[Callable[[Path, Entries], None], str]] = {
    "cuhk_pedes": (plain("reid_raw.json"), "imgs"),
    "cuhk_pedes_vn": (plain("reid_raw_vn.json"), "imgs"),
    "vn3k": (vn3k("data_captions_vn3k.json"), "imgs"),
    "vn3k_vi": (vn3k("vn3k.json"), "images"),
    "v2e": (vn3k("vn3k_V2E_NP_Split_final_process_token.json"), "images"),
    "vn3k_mixed_vi": (mixed, "imgs"),
    "vn3k_mixed_en": (mixed, "imgs"),
    "icfg_pedes": (icfg, "imgs"),
    "rstpreid": (rstp, "imgs"),
    "rasa": (rasa, "imgs"),
    "tbps_clip": (tbps, "imgs"),
    "vitaa": (vitaa, "imgs"),
    "aptm": (aptm, "images/CUHK-PEDES"),
    "ssan": (ssan, "imgs"),
}


@pytest.fixture
def release(tmp_path: Path) -> Callable[[str], tuple[Path, list[Record]]]:
    """Write a dialect's folder; returns it and the records of the same people in CUHK-PEDES's own layout."""

    def make(kind: str) -> tuple[Path, list[Record]]:
        first, root = tmp_path / "first", tmp_path / kind
        entries = make_pedes(first)
        expected = read_pedes(first, SPLITS)
        writer, images = WRITERS[kind]
        (root / images).parent.mkdir(parents=True)
        shutil.move(first / "imgs", root / images)
        writer(root, entries)
        return root, expected

    return make


def entry(kind: str, root: Path, **changes: Any) -> dict[str, Any]:
    theirs = FORMATS[kind].splits
    splits = {"train": "train", "val": next((s for s in theirs if s.startswith("val")), None), "test": "test"}
    return {"format": kind, "root": str(root), "splits": splits, **changes}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_dialect_reads_as_the_same_people(kind: str, release: Callable) -> None:
    root, expected = release(kind)
    about = entry(kind, root)
    found = read_release(dataset_release(about), about["splits"])
    wanted = [r for r in expected if about["splits"][r.split]]
    # one image's captions may come in another order than CUHK-PEDES's own, where they do not stand together
    assert sorted((r.image, r.person, r.split) for r in found) == sorted((r.image, r.person, r.split) for r in wanted)
    if kind == "vn3k_mixed_vi":
        assert {c for r in found for c in r.captions} == {f"người {p}" for p in range(1, 10)}
    else:
        captions = {r.image: sorted(r.captions) for r in wanted}
        assert {r.image: sorted(r.captions) for r in found} == captions
    report = verify(root, kind)
    assert report["ok"], report["problems"]
    assert not report["official"]
    assert sum(counts["ids"] for counts in report["splits"].values()) == len({r.person for r in wanted})
    assert sum(counts["present"] for counts in report["folders"].values()) == len(wanted)
    assert sum(counts["images"] for counts in report["splits"].values()) == len(wanted)


def test_every_format_is_a_value_of_the_configuration_with_what_is_published_of_it() -> None:
    assert get_args(Dataset.model_fields["format"].annotation) == tuple(FORMATS) == tuple(PUBLISHED)
    assert list(WRITERS) == list(FORMATS)


def test_published_counts_add_up() -> None:
    totals = {
        kind: tuple(sum(c.get(what, 0) for c in known.counts.values()) for what in ("ids", "images", "captions"))
        for kind, known in PUBLISHED.items()
    }
    assert totals["cuhk_pedes"] == totals["rasa"] == (13_003, 40_206, 80_440)
    assert totals["vn3k"] == totals["v2e"] == (3_000, 6_302, 12_604)
    assert totals["icfg_pedes"] == (4_102, 54_522, 54_522)
    assert totals["rstpreid"] == (4_101, 20_505, 41_010)


def test_the_numbers_of_ssan_are_turned_back_at_every_gap(tmp_path: Path) -> None:
    people = [1, 1368, 1370, 4115, 4117, 6115, 6117, 11_003]
    rows = [{"split": "train", "id": p, "file_path": f"{p}.png", "captions": ["a man"]} for p in people]
    ssan(tmp_path, rows)
    about = entry("ssan", tmp_path, splits={"train": "train"})
    assert [r.person for r in read_release(dataset_release(about), about["splits"])] == people


class Runs:
    """What a hostile pickle asks for when it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("touched"),))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Runs()), r"refused: it wants to run .*Path.*reid_raw\.json instead"),
        (pickle.dumps({"id": [1]})[:-3], "not a readable pickle"),
        (pickle.dumps([1]), "not a dict with id, img_path and captions"),
        (pickle.dumps({"id": [1], "img_path": [], "captions": ["a"]}), "columns differ in length"),
        (pickle.dumps({"id": np.arange(2), "img_path": [], "captions": []}), "are not lists"),
        (
            pickle.dumps({"id": [1], "img_path": ["a"], "captions": ["b"], "caption_matching_img_index": [1]}),
            "do not fit together",
        ),
    ],
)
def test_pickles_run_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "processed_data").mkdir()
    (tmp_path / "processed_data" / "train_save.pkl").write_bytes(content)
    about = entry("ssan", tmp_path, splits={"train": "train"})
    with pytest.raises(UserError, match=message):
        read_release(dataset_release(about), about["splits"])
    assert not (tmp_path / "touched").exists()


def test_another_layout_is_recognised(release: Callable) -> None:
    root, _ = release("vn3k_vi")
    about = entry("cuhk_pedes", root)
    with pytest.raises(UserError, match=r"reid_raw\.json: no such file; the folder looks like `format: vn3k_vi`"):
        read_release(dataset_release(about), about["splits"])
    with pytest.raises(UserError, match="format: 'coco'; known are cuhk_pedes, "):
        dataset_release({**about, "format": "coco"})


def test_names_of_ones_own_replace_the_formats(release: Callable) -> None:
    root, expected = release("cuhk_pedes")
    (root / "reid_raw.json").rename(root / "mine.json")
    (root / "imgs").rename(root.parent / "pictures")
    about = entry("cuhk_pedes", root, annotations="mine.json", images="../pictures")
    assert read_release(dataset_release(about), about["splits"]) == expected
    assert verify(root, "cuhk_pedes", "mine.json", "../pictures")["ok"]


def test_a_file_of_one_split_may_not_hold_another(release: Callable) -> None:
    root, _ = release("rasa")
    (root / "processed_data" / "val.json").write_bytes((root / "processed_data" / "test.json").read_bytes())
    about = entry("rasa", root)
    with pytest.raises(UserError, match=r"val\.json: entry 0 says split 'test' in the file of 'val'"):
        read_release(dataset_release(about), about["splits"])


def test_a_caption_that_is_none_is_named_in_every_shape(release: Callable) -> None:
    root, _ = release("vitaa")
    file = root / "annotations" / "train.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["annotations"][2]["sentence"] = 7
    document["annotations"][4] = "text"
    write(file, document)
    problems = verify(root, "vitaa")["problems"]
    assert len(problems) == 2
    assert any("'sentence' is int, not str or list" in problem for problem in problems)
    assert any("entry 4: an object is wanted" in problem for problem in problems)

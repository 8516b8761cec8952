"""A broken directory is described, not crashed on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.data.verify import describe, verify
from glalign.storage.weight_files import PRETRAINED
from glalign.support.errors import UserError

Edit = Callable[[Callable[[list[dict[str, Any]]], object]], Path]


def test_a_whole_subset_is_ok_but_not_official(pedes: Path) -> None:
    report = verify(pedes)
    assert report["ok"] and not report["official"]
    assert report["splits"]["train"] == {"images": 8, "captions": 16, "ids": 4}
    assert report["difference"]["test"] == {"images": 6 - 3_074, "captions": 12 - 6_156, "ids": 3 - 1_000}
    assert sum(f["present"] for f in report["folders"].values()) == 18
    assert "not the official release" in describe(report)
    assert json.loads(json.dumps(report)) == report


def test_what_limits_results_is_in_the_report(edit: Edit) -> None:
    def share(entries: list[dict[str, Any]]) -> None:
        test = [entry for entry in entries if entry["split"] == "test"]
        test[0]["captions"] = test[2]["captions"] = ["the same man \u7537"]

    root = edit(share)
    entries = json.loads((root / "reid_raw.json").read_text(encoding="utf-8"))
    files = [root / "imgs" / entries[number]["file_path"] for number in (0, -1)]
    files[1].write_bytes(files[0].read_bytes())
    report = verify(root)
    assert report["ok"]
    assert report["captions"]["test"]["rank1_ceiling"] == 90.0
    assert report["repeated_images"]["between"] == {"test and train": 1}
    text = describe(report)
    assert "test: 2 captions have 1 text that several people have; no system can reach a Rank-1 above 90.00 %" in text
    assert "CJK in 2" in text and "test and train have 1 picture in common, byte for byte" in text
    file = root / "reid_raw.json"
    file.rename(root / "reid_raw_vn.json")
    assert "train: only 0 of 16 captions have a letter that Vietnamese has" in describe(verify(root, "cuhk_pedes_vn"))


def test_the_command_counts_with_tokenizers_of_ones_own(pedes: Path) -> None:
    file = PRETRAINED / "tiny_wordpiece.tokenizer.json"
    done = CliRunner().invoke(main, ["data", "verify", "cuhk_pedes", str(pedes), "--tokenizer", str(file), "4"])
    assert done.exit_code == 0, done.output
    assert f"train: 16 of 16 captions are longer than the 4 tokens of {file.name} and are cut" in done.stdout


def test_links_are_no_further_files_and_nothing_outside_is_listed(pedes: Path, tmp_path: Path, edit: Edit) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private.jpg").write_bytes(b"x")
    imgs = pedes / "imgs"
    for name, target in {"a": ".", "b": ".", "up": "..", "out": outside, "nowhere": "none", "same": "Market"}.items():
        (imgs / name).symlink_to(target, target_is_directory=True)
    (imgs / "loop").symlink_to("loop")
    (imgs / "Market" / "extra.jpg").write_bytes(b"x")
    report = verify(pedes)
    assert report["ok"]
    assert [name for name in report["not_annotated"] if name not in ("loop", "nowhere")] == ["Market/extra.jpg"]

    def through_the_link(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            entry["file_path"] = entry["file_path"].replace("Market/", "same/")

    edit(through_the_link)
    report = verify(pedes)
    assert report["ok"] and report["folders"]["same"]["present"] == report["folders"]["same"]["annotated"] > 0
    assert [name for name in report["not_annotated"] if name not in ("loop", "nowhere")] == ["Market/extra.jpg"]


def test_an_image_folder_that_is_a_link_is_read(pedes: Path, tmp_path: Path) -> None:
    (pedes / "imgs").rename(tmp_path / "elsewhere")
    (pedes / "imgs").symlink_to(tmp_path / "elsewhere")
    assert verify(pedes)["ok"]


def test_counts_per_folder(pedes: Path) -> None:
    market = sorted((pedes / "imgs" / "Market").iterdir())
    market[0].unlink()
    market[1].write_bytes(market[1].read_bytes()[:300])
    market[2].write_bytes(b"")
    (pedes / "imgs" / "Market" / "Thumbs.db").write_bytes(b"x")
    (pedes / "imgs" / "cam_b").mkdir()
    (pedes / "imgs" / "cam_b" / "extra.png").write_bytes(b"x")
    report = verify(pedes)
    assert not report["ok"]
    assert report["folders"]["Market"] == {
        "annotated": 6,
        "present": 5,
        "missing": 1,
        "undecodable": 2,
        "not_annotated": 0,
    }
    assert report["folders"]["cam_b"]["not_annotated"] == 1
    assert report["missing"] == [f"Market/{market[0].name}"]
    text = describe(report)
    assert "Incomplete below imgs/: Market." in text
    assert "taken from another dataset: Market (Market-1501)." in text
    assert f"Market/{market[1].name}" in text


def test_nothing_but_the_annotations(pedes: Path) -> None:
    (pedes / "imgs").rename(pedes / "images")
    report = verify(pedes)
    assert len(report["missing"]) == 18 and not report["ok"]
    text = describe(report)
    assert "18 annotated images that are not there" in text
    assert "given out by its authors by e-mail" in text and "allow_partial" not in text
    assert "another dataset: Market (Market-1501), train_query (CUHK-SYSU)." in text  # CUHK01 is a dataset itself


def test_a_folder_with_its_own_datasets_name_needs_no_hint(pedes: Path) -> None:
    shutil.rmtree(pedes / "imgs" / "CUHK01")
    text = describe(verify(pedes))
    assert "Not there at all: CUHK01." in text and "allow_partial" in text
    assert "taken from" not in text


def test_wrong_entries_are_collected(edit: Edit) -> None:
    def spoil(entries: list[dict[str, Any]]) -> None:
        entries[0]["captions"] = [""]
        entries[1]["file_path"] = "../x"
        entries[3]["split"] = "test"
        entries[5]["file_path"] = entries[4]["file_path"]
        del entries[7]["id"]

    report = verify(edit(spoil))
    assert [p.split("entry ")[1][0] for p in report["problems"]] == ["0", "1", "3", "5", "7"]
    assert not report["ok"]
    assert "5 wrong entries" in describe(report)


def test_other_splits_are_shown(edit: Edit) -> None:
    root = edit(lambda entries: [e.update(split="probe") for e in entries if e["split"] == "val"])
    report = verify(root)
    assert report["splits"]["probe"]["ids"] == 2
    assert "no val" in describe(report)


def test_unreadable_annotations_are_an_error(pedes: Path) -> None:
    (pedes / "reid_raw.json").write_text("[{", encoding="utf-8")
    with pytest.raises(UserError, match="not valid JSON"):
        verify(pedes)
    with pytest.raises(UserError, match="no such file"):
        verify(pedes / "nowhere")


def test_a_broken_image_and_a_missing_image_folder_are_no_incomplete_release(pedes: Path) -> None:
    image = next((pedes / "imgs").rglob("*.jpg"), None) or next((pedes / "imgs").rglob("*.png"))
    image.write_bytes(image.read_bytes()[:40])
    text = describe(verify(pedes))
    assert "have to be fetched again" in text
    assert "allow_partial" not in text
    (pedes / "imgs").rename(pedes / "pictures")
    text = describe(verify(pedes))
    assert "imgs is no folder: name the images' own (`--images NAME`" in text


def test_what_a_terminal_would_act_on_is_escaped(edit: Edit) -> None:
    """In the name of a split and of the root, in every sentence that has them."""
    root = edit(lambda entries: entries[0].update(split="t\x1b[2J", captions=["Áo đỏ."]))
    named = root.rename(root.with_name("a\nb"))
    text = describe(verify(named))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "  t\\x1b[2J: 1 of " in text
    rows = text[text.index("split ") :].split("\n")[:5]
    assert [row.split()[0] for row in rows] == ["split", "train", "val", "test", "t\\x1b[2J"]
    assert len({len(row) for row in rows}) == 1
    assert "CUHK-PEDES at " in text and "a\\nb\n" in text
    done = CliRunner().invoke(main, ["data", "verify", "cuhk_pedes", str(named)])
    assert text + "\n" == done.stdout


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_names_that_are_no_text_are_shown_escaped(edit: Edit, options: list[str]) -> None:
    """Half a character in an entry, and a file whose name is neither UTF-8 nor one line."""
    root = edit(lambda entries: entries[0].update(file_path="a\ud800\n.png"))
    try:
        (root / "imgs" / "b\udcff\n.png").write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    done = CliRunner().invoke(main, ["data", "verify", "cuhk_pedes", str(root), *options])
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    if options:
        report = json.loads(done.stdout)
        assert report["problems"][0].startswith(f"{root}/reid_raw.json: entry 0 (a\\ud800\\n.png): its path is not")
        assert "b\udcff\n.png" in report["not_annotated"]
    else:
        assert "  b\\udcff\\n.png\n" in done.stdout and "entry 0 (a\\ud800\\n.png)" in done.stdout

"""What captions are counted for, and the files that they are read from."""

import json

import pytest
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.contract.records import Record, write_manifest
from glalign.data.caption_statistics import caption_statistics, describe, read_captions
from glalign.support.errors import UserError

ENGLISH = (
    "The man wears a red shirt and a pair of shoes.",
    "the man wears a red shirt and a pair of shoes",
    "A WOMAN WITH GLASSES. HER BAG IS IN HER LEFT HAND.",
    "A woman seen from behind. Her shoes are dark red.",
)
VIETNAMESE = ("nữ đeo khẩu trang màu đen, tay trái xách túi.", "Một người đàn ông đội mũ. Anh ấy mặc áo đỏ.")


def test_words_and_habits_are_counted():
    found = caption_statistics(ENGLISH)
    assert found["language"] == "en"
    assert (found["captions"], found["words counted"], found["words per caption"]) == (4, 43, 10.8)
    shares = {"duplicates": 0.0, "several sentences": 50.0, "lower-case start": 25.0, "capitals only": 25.0,
              "left or right": 25.0, "viewpoint": 25.0, "pair of": 50.0, "glasses": 25.0,
              "colour as predicate": 25.0}  # fmt: skip
    assert {name: found[name] for name in shares} == shares
    assert caption_statistics([*ENGLISH, ENGLISH[0]])["duplicates"] == 20.0


def test_types_are_counted_in_a_sample_of_the_words():
    found = caption_statistics(["red blue red"] * 4, sample=6)
    assert (found["words counted"], found["types"], found["hapaxes"]) == (6, 2, 0)
    assert caption_statistics(["red blue red"])["hapaxes"] == 1


def test_vietnamese_is_recognised_and_has_its_own_habits():
    found = caption_statistics(VIETNAMESE)
    assert found["language"] == "vi"
    assert (found["mask"], found["left or right"], found["hat"], found["several sentences"]) == (50.0, 50.0, 50.0, 50.0)
    assert "pair of" not in found
    assert caption_statistics(VIETNAMESE, "en")["language"] == "en"


def test_a_habit_is_no_longer_form_of_another_word():
    assert caption_statistics(["His hair is walking, he is wearing red shoes."])["colour as predicate"] == 0.0


def test_captions_come_from_a_manifest_an_annotation_file_or_a_folder(tmp_path):
    write_manifest(tmp_path / "one.jsonl", [Record("a.jpg", 1, "train", ENGLISH)])
    (tmp_path / "data").mkdir()
    rows = [
        {"file_path": "a.jpg", "captions": list(ENGLISH[:2])},
        {"file_path": "b.jpg", "captions": list(ENGLISH[2:])},
    ]
    (tmp_path / "data/reid_raw.json").write_text(json.dumps(rows), encoding="utf-8")
    for path in ("one.jsonl", "data", "data/reid_raw.json"):
        assert read_captions(tmp_path / path) == list(ENGLISH)


@pytest.mark.parametrize("content", ["[]", "{}", '[{"text": "A man."}]', '[{"captions": "A man."}]', "[1]"])
def test_a_file_without_captions_is_named(tmp_path, content):
    (tmp_path / "other.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"other\.json: no entry with `captions`; name a manifest"):
        read_captions(tmp_path / "other.json")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: no such file; name a manifest or an annotation file$"):
        read_captions(tmp_path / "nowhere")
    with pytest.raises(
        UserError, match=r": the folder holds no reid_raw\.json; name a manifest or an annotation file$"
    ):
        read_captions(tmp_path)


def test_the_command_sets_files_side_by_side(tmp_path):
    for name, texts in (("en", ENGLISH), ("vi", VIETNAMESE)):
        write_manifest(tmp_path / f"{name}.jsonl", [Record("a.jpg", 1, "train", texts)])
    files = [str(tmp_path / "en.jsonl"), str(tmp_path / "vi.jsonl")]
    done = CliRunner().invoke(main, ["data", "captions", *files])
    assert done.exit_code == 0, done.output
    figures = {name: caption_statistics(texts) for name, texts in zip(files, (ENGLISH, VIETNAMESE), strict=True)}
    assert done.output == describe(figures) + "\n"
    assert [line.split() for line in done.output.splitlines() if line.startswith("mask")] == [["mask", "50.0"]]
    as_json = CliRunner().invoke(main, ["data", "captions", *files, "--json", "--words", "5"])
    assert json.loads(as_json.output)[files[1]]["words counted"] == 5


def test_columns_of_names_with_control_characters_stay_aligned() -> None:
    head, row = describe({"a\x1b\n.json": {"captions": 7}, "b.json": {"captions": 1234}}).split("\n")
    assert head.split() == ["a\\x1b\\n.json", "b.json"]
    assert (row.split(), len(row)) == (["captions", "7", "1234"], len(head))

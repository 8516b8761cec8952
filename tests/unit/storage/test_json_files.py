"""JSON is read strictly, and lines end at a line feed alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from glalign.config.typed_json import read_typed
from glalign.contract.phrase_rows import read_phrase_rows
from glalign.contract.records import Record, read_manifest, write_manifest
from glalign.contract.results import MultiplyAdds
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks, write_ranks
from glalign.storage.json_files import read_json, read_json_lines
from glalign.storage.whole_files import lines_of
from glalign.support.errors import UserError

LINE_ENDS_OF_PYTHON = "\x85\u2028\u2029"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "JSON that cannot be read"),
        (b"1" * 5000, "JSON that cannot be read"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', r"JSON that cannot be read \(duplicate key 'c'\); fetch"),
        (b'{"a": [NaN]}', r"not valid JSON at line 1 column 8 \(NaN is not finite\); fetch"),
        (b'{"Infinity NaN": "\\"NaN",\n "a": -1e999}', r"not valid JSON at line 2 column 7 \(-1e999 is not finite\)"),
        (b'"\xff"', r"not UTF-8 text \(byte 1\); save it as UTF-8"),
        (None, "cannot be read"),
    ],
    ids=["deep", "long number", "key twice", "nan", "infinite", "latin", "folder"],
)
def test_json_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.json"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=rf"x\.json: {message}"):
        read_json(path)


def test_a_byte_order_mark_is_no_part_of_json(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("\ufeff[1]", encoding="utf-8")
    assert read_json(tmp_path / "x.json") == [1]


def test_a_record_with_a_key_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "size.json").write_text('{"image": 1, "caption": 2, "query": 3, "image": 4}', encoding="utf-8")
    with pytest.raises(UserError, match=r"size\.json: .*duplicate key 'image'.*; delete the file and run again"):
        read_typed(tmp_path / "size.json", MultiplyAdds)


def test_names_with_the_line_ends_of_python_are_read_back(tmp_path: Path) -> None:
    image = f"a{LINE_ENDS_OF_PYTHON}.jpg"
    row = RankRow(f"{image}#0", 1, (1,), (1,), ((image, 0.5),))
    write_ranks(tmp_path / "r.jsonl", [row], 2, {"spec": {}, "code": "c", "versions": {}})
    assert read_ranks(tmp_path / "r.jsonl")[0] == [row]
    record = Record(image, 1, "test", ("a man",))
    write_manifest(tmp_path / "m.jsonl", [record])
    assert read_manifest(tmp_path / "m.jsonl") == [record]
    line = {"image": image, "index": 0, "phrases": []}
    (tmp_path / "p.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_phrase_rows(tmp_path / "p.jsonl") == {(image, 0): []}
    assert lines_of(f"{image}\nb\n") == [image, "b"]


@pytest.mark.parametrize("read", [read_manifest, read_phrase_rows])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xff", "'utf-8' codec can't decode byte 0xff"),
        (b'{"image": "a", "image": "b"}', "duplicate key 'image'"),
        (b'{"index": 0}', "no key 'image'"),
        (b"[]", "list indices must be integers"),
        (b"3", "'int' object is not subscriptable"),
    ],
    ids=["latin", "key twice", "no key", "list", "number"],
)
def test_a_wrong_line_is_named(tmp_path: Path, read: Callable[[Path], object], line: bytes, message: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(line + b"\n")
    with pytest.raises(UserError, match=rf"x\.jsonl:1: not a .* \({message}.*\); "):
        read(tmp_path / "x.jsonl")


def test_lines_are_numbered_by_line_feeds(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'\xef\xbb\xbf"a\xe2\x80\xa8"\r\n2\n"b"\nx')
    lines = read_json_lines(tmp_path / "x.jsonl", lambda value: value, "JSON", "mend it")
    assert [next(lines) for _ in range(3)] == ["a\u2028", 2, "b"]
    with pytest.raises(UserError, match=r"x\.jsonl:4: not JSON \(Expecting value.*\); mend it"):
        next(lines)
    with pytest.raises(UserError, match=r"none\.jsonl: no such file; make it"):
        list(read_json_lines(tmp_path / "none.jsonl", str, "JSON", "mend it", "make it"))


@pytest.mark.parametrize(
    ("phrases", "message"),
    [
        ([{"text": "a", "start": 0, "end": 1, "region": "TAIL"}], "no region 'TAIL'; there are "),
        ([{"text": "a", "start": 0, "end": 1, "region": []}], "unhashable type"),
        ([{"text": "a", "start": -1, "end": 1, "region": None}], "-1 to 1 are no characters"),
        ([{"text": "a", "start": "0", "end": 1, "region": None}], "'0' to 1 are no characters"),
        ([{"text": "a", "start": 0, "region": None}], "no key 'end'"),
        ({}, "image, index and phrases are not"),
    ],
)
def test_wrong_phrases_are_named(tmp_path: Path, phrases: object, message: str) -> None:
    row = json.dumps({"image": "a.jpg", "index": 0, "phrases": phrases})
    (tmp_path / "p.jsonl").write_text(row + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"p\.jsonl:1: not a row of phrases \({message}"):
        read_phrase_rows(tmp_path / "p.jsonl")
    good = json.dumps({"image": "a.jpg", "index": 0, "phrases": []})
    (tmp_path / "p.jsonl").write_text(f"{good}\n{good}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"p\.jsonl:2: not a row of phrases \(a second row for this caption\)"):
        read_phrase_rows(tmp_path / "p.jsonl")

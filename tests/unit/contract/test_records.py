"""Manifests survive a round trip, and damaged ones are named."""

from pathlib import Path

import pytest

from glalign.contract.records import Record, queries, read_manifest, write_manifest
from glalign.support.errors import UserError

RECORDS = [
    Record("Market/a.jpg", 7, "train", ("A man.", "Áo đỏ \u2028 \U0001f600")),
    Record("CUHK03/b.png", 8, "test", ("She is tall.",)),
]


def test_round_trip_in_order_with_any_unicode(tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.jsonl", RECORDS)
    assert read_manifest(tmp_path / "m.jsonl") == RECORDS
    assert read_manifest(tmp_path / "m.jsonl", "test") == RECORDS[1:]


def test_every_caption_is_a_query() -> None:
    assert [(q.id, q.person) for q in queries(RECORDS)] == [
        ("Market/a.jpg#0", 7),
        ("Market/a.jpg#1", 7),
        ("CUHK03/b.png#0", 8),
    ]


def test_truncated_and_missing_manifests_are_named(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    with pytest.raises(UserError, match=r"m\.jsonl: no such file"):
        read_manifest(file)
    write_manifest(file, RECORDS)
    file.write_text(file.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(UserError, match=r"m\.jsonl:2: not a manifest record"):
        read_manifest(file)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"image": "a.jpg", "person": 1, "split": "test", "captions": "abc"}', "`captions` is str, not list"),
        (b'{"image": "a.jpg", "person": 1, "split": "test", "captions": []}', "`captions` is not a list of texts"),
        (b'{"image": "a.jpg", "person": 1, "split": "test", "captions": [5]}', "`captions` is not a list of texts"),
        (
            b'{"image": "a.jpg", "person": 1, "split": "test", "captions": ["' + b"x" * 10_001 + b'"]}',
            "a caption of 10,001 characters, more than 10,000",
        ),
        (b'{"image": "a.jpg", "person": true, "split": "test", "captions": ["b"]}', "`person` is bool, not int"),
        (b'{"image": "a.jpg", "person": "1", "split": "test", "captions": ["b"]}', "`person` is str, not int"),
        (b'{"image": "a.jpg", "person": 1, "split": "test"}', "no key 'captions'"),
        (
            b'{"image": "\xe9.jpg", "person": 1, "split": "test", "captions": ["b"]}',
            "'utf-8' codec can't decode byte 0xe9",
        ),
        (b'{"image": "a.jpg", "person": 1, "split": "test", "captions": ["b", "\\ud800"]}', ".*surrogates not allowed"),
        (b'{"image": "\\udcff", "person": 1, "split": "test", "captions": ["b"]}', ".*surrogates not allowed"),
        (b'{"image": "", "person": 1, "split": "test", "captions": ["b"]}', "`image` is empty"),
        (b"\x89PNG\r\n", "'utf-8' codec can't decode byte 0x89"),
        (b'"text"', "string indices must be integers"),
        (b"[" * 100_000, "maximum recursion depth"),
        (b"1" * 5000, "Exceeds the limit"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:22],
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    file = tmp_path / "m.jsonl"
    write_manifest(file, RECORDS)
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(UserError, match=rf"m\.jsonl:3: not a manifest record \({message}.*\); name a manifest"):
        read_manifest(file)

"""Damaged files near a valid one: a strategy of hypothesis for each kind of file."""

import copy
import csv
import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

Bytes = st.SearchStrategy[bytes]
Near = Callable[[bytes], Bytes]
"""From the bytes of a valid file to those of damaged ones."""

TEXTS = (
    "", " ", "\0", "\n", "\r\n", "\t", "\x1b[31m", "\x9b", "\ud800", "\u2028", "\ufeff", "\u202e", "..", "../x", "/x",
    "C:\\x", "\\", "=1+1", "%s", "{}", "nan", "inf", "1e999", "-1", "0", "٣", "²", "e\u0301", "true", "null", "&amp;",
    "a" * 20_000, "1e999999999", "&" + "amp;" * 2_400, "9" * 400,
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 17, 255, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e-320, 1e308,
    math.nan, math.inf, -math.inf, True, False, None,
)  # fmt: skip
LEAVES = st.sampled_from(TEXTS) | st.sampled_from(NUMBERS) | st.text(max_size=5) | st.integers() | st.floats()
KEYS = st.sampled_from(TEXTS[:20])
VALUES = st.recursive(LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one), max_leaves=4)
"""Values in place of those of a file."""

SNIPPETS = (
    *TEXTS, "[" * 100_000, '{"a":' * 2_000, "9" * 5_000, "1" + "_1" * 3_000, "NaN", "-Infinity", "-", ".", "[", "]",
    "{", "}", ",", ";", ":", "'", '"', '"\\ud800"', '"\\u0000"', "\\u001b", '{"a": 1, "a": 2}', "&a [*a]",
    "&a {<<: *a}", "*a", "<<: 1", "!!int x", "!!python/object/apply:os.system [x]", "!!binary x", "!!timestamp x",
    "2001-99-99", "? [a]", "---", "%YAML 9", "|", "#",
)  # fmt: skip
"""Texts in place of a word, a number or a sign of a file."""

TOKEN = re.compile(rb'"[^"\n]*"|[\w.+-]+|[^\w\s]')


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def near_bytes(valid: bytes) -> Bytes:
    """Bytes changed, removed, repeated and inserted; a word replaced by a snippet or by another word of the file."""
    places = st.integers(0, len(valid))
    spans = st.tuples(places, places | places.map(lambda end: end % 9)).map(sorted)
    tokens = [match.span() for match in TOKEN.finditer(valid)] or [(0, len(valid))]
    words = st.sampled_from(SNIPPETS).map(encoded) | st.sampled_from([valid[a:b] for a, b in tokens])
    spliced = st.binary(max_size=9) | words | spans.map(lambda span: valid[slice(*span)])
    cuts = spans | places.map(lambda low: [low, len(valid)])
    edits = st.tuples(st.sampled_from(tokens), words) | st.tuples(spans, spliced) | st.tuples(cuts, st.just(b""))

    def apply(found: Any) -> bytes:
        data = valid
        for (low, high), text in found:
            data = data[:low] + text + data[high:]
        return data

    return st.lists(edits, min_size=1, max_size=3).map(apply)


@st.composite
def near_value(draw: st.DrawFn, valid: Any) -> Any:
    """A tree of lists and maps in which a few values are replaced, swapped, removed, repeated or renamed."""
    whole = [copy.deepcopy(valid)]
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        box, key = draw(st.sampled_from(places))
        action = draw(st.sampled_from(("replace", "other", "remove", "repeat")))
        if action == "replace":
            box[key] = draw(VALUES)
        elif action == "other":
            other, there = draw(st.sampled_from(places))
            box[key] = copy.deepcopy(other[there])
        elif action == "remove" and box is not whole:
            del box[key]
        elif action == "repeat" and isinstance(box, list) and box is not whole:
            box.insert(draw(st.integers(0, len(box))), copy.deepcopy(box[key]))
        elif isinstance(box, dict):
            box[draw(KEYS)] = box.pop(key) if draw(st.booleans()) else box[key]
    return whole[0]


def _places(box: Any) -> Iterator[tuple[Any, Any]]:
    """Every (list or map, index or key) of a tree."""
    for key in range(len(box)) if isinstance(box, list) else list(box):
        yield box, key
        if isinstance(box[key], list | dict):
            yield from _places(box[key])


def _dumped(value: Any, plain: bool = True) -> bytes:
    return encoded(json.dumps(value, ensure_ascii=plain))


def near_json(valid: bytes) -> Bytes:
    """JSON, its values changed or its bytes."""
    return st.builds(_dumped, near_value(json.loads(valid)), st.booleans()) | near_bytes(valid)


def near_json_lines(valid: bytes) -> Bytes:
    """JSON lines, likewise."""
    rows = near_value([json.loads(line) for line in valid.splitlines()])
    lines = st.builds(lambda found: [*map(_dumped, found)] if isinstance(found, list) else [_dumped(found)], rows)
    return lines.map(lambda found: b"\n".join([*found, b""])) | near_bytes(valid)


def near_csv(valid: bytes) -> Bytes:
    """CSV, its cells changed or its bytes."""

    def write(rows: Any) -> bytes:
        text = io.StringIO(newline="")
        for row in rows if isinstance(rows, list) else [rows]:
            cells = row if isinstance(row, list) else [row]
            csv.writer(text, lineterminator="\n").writerow([str(cell).replace("\0", "") for cell in cells])
        return encoded(text.getvalue())

    return near_value(list(csv.reader(io.StringIO(valid.decode())))).map(write) | near_bytes(valid)


def near_zip(valid: bytes) -> Bytes:
    """A zip archive whose members are damaged or renamed and have right checksums, or with damaged bytes."""
    with zipfile.ZipFile(io.BytesIO(valid)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    names = st.sampled_from(sorted(members))

    def write(lost: set[str], name: str, content: bytes, kind: int) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", kind) as archive:
            for member, value in members.items():
                if member not in lost:
                    archive.writestr(member, content if member == name else value)
        return file.getvalue()

    def near(name: str) -> Bytes:
        lost, kinds = st.sets(names, max_size=1), st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        return st.builds(write, lost | st.just(set()), st.just(name), near_bytes(members[name]), kinds)

    return names.flatmap(near) | near_bytes(valid)


def near_safetensors(valid: bytes) -> Bytes:
    """A safetensors file with a damaged header of the right length, or with damaged bytes."""
    end = 8 + int.from_bytes(valid[:8], "little")
    headers = near_json(valid[8:end])
    return headers.map(lambda header: len(header).to_bytes(8, "little") + header + valid[end:]) | near_bytes(valid)

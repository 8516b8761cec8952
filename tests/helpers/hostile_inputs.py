"""Hostile inputs: a name, and a function that plants one in an empty folder and returns the command that meets it."""

import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from helpers.pedes import make_pedes, write_entries

Plant = Callable[[Path], list[str]]


class Trap:
    """Unpickling it writes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path("trapped").write_text, ("x",)


def overlay(text: str) -> Plant:
    """A configuration file."""

    def plant(folder: Path) -> list[str]:
        (folder / "x.yaml").write_text(text, encoding="utf-8")
        return ["plan", "--config", "x.yaml"]

    return plant


def annotations(**changed: Any) -> Plant:
    """A release with one entry changed."""

    def plant(folder: Path) -> list[str]:
        entries = make_pedes(folder / "release")
        entries[0].update(changed)
        write_entries(folder / "release", entries)
        return ["translation", "export", "release", "--out", "captions.csv"]

    return plant


def document(text: str) -> Plant:
    """A release with this text in place of its annotations."""

    def plant(folder: Path) -> list[str]:
        make_pedes(folder / "release")
        (folder / "release" / "reid_raw.json").write_text(text, encoding="utf-8")
        return ["data", "verify", "cuhk_pedes", "release"]

    return plant


def scores(header: bytes, size: int = 0) -> Plant:
    """An archive of scores with this header of `similarity`, and `size` bytes of zeros."""

    def plant(folder: Path) -> list[str]:
        np.savez(folder / "s.npz", query_ids=np.zeros(4, np.int64), gallery_ids=np.zeros(4, np.int64))
        with zipfile.ZipFile(folder / "s.npz", "a", zipfile.ZIP_DEFLATED) as archive:
            array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(size)
            archive.writestr("similarity.npy", array)
        return ["evaluate", "s.npz", "--max-gb", "0.01"]

    return plant


def tensors(content: object) -> Plant:
    """A weight file with other objects than tensors."""

    def plant(folder: Path) -> list[str]:
        torch.save(content, folder / "x.pth")
        return ["weights", "import", "albef", "x.pth", "--folder", "out"]

    return plant


PLACES = b"\x80\x02}r" + (1 << 25).to_bytes(4, "little") + b"."
"""A pickle of nine bytes, of an empty dict, that takes half a GB: it puts the dict at place 33,554,432 of its memo."""


def torchscript(data: bytes) -> Plant:
    """A TorchScript archive with this pickle."""

    def plant(folder: Path) -> list[str]:
        with zipfile.ZipFile(folder / "x.pt", "w") as archive:
            archive.writestr("x/data.pkl", data)
            archive.writestr("x/constants.pkl", b"\x80\x02).")
        return ["weights", "import", "albef", "x.pt", "--folder", "out"]

    return plant


def pickled(data: bytes) -> Plant:
    """A release whose annotations are this pickle."""

    def plant(folder: Path) -> list[str]:
        (folder / "release" / "processed_data").mkdir(parents=True)
        (folder / "release" / "processed_data" / "test_save.pkl").write_bytes(data)
        return ["data", "verify", "ssan", "release"]

    return plant


def table(text: str) -> Plant:
    """A table to compare."""

    def plant(folder: Path) -> list[str]:
        (folder / "ours.csv").write_text(text, encoding="utf-8")
        (folder / "table4.csv").write_text("system,rank1\nirra,1.0\n", encoding="utf-8")
        return ["compare", "ours.csv", "table4.csv"]

    return plant


def sheet(text: str) -> Plant:
    """A sheet of a judge."""

    def plant(folder: Path) -> list[str]:
        (folder / "sheet.csv").write_text(text, encoding="latin-1")
        return ["translation", "judge", "sheet.csv"]

    return plant


def header(shape: str, kind: str = "<f4") -> bytes:
    """The header of an array."""
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()


COMMANDS: Mapping[str, Plant] = {
    "TeX in the profile": overlay('profile: "demo\\n\\\\directlua{os.exit()}"\n'),
    "escape in a label": overlay('systems: {irra: {label: "\\e[2J"}}\n'),
    "id with a line end": overlay('systems: {"irra\\n": {class: baselines.irra.IRRA}}\n'),
    "surrogate in a note": overlay('data_note: "\\ud800"\n'),
    "YAML aliases": overlay("a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 32))),
    "YAML in itself": overlay("a: &a [*a]\n"),
    "deep YAML": overlay("[" * 10_000),
    "long integer": overlay(f"seed: {'1' * 5000}\n"),
    "a key twice": overlay("seed: 1\nseed: 2\n"),
    "code in YAML": overlay("!!python/object/apply:os.system [touch trapped]\n"),
    "class outside of the suite": overlay("systems: {irra: {class: os.system}}\n"),
    "image above the root": annotations(file_path="../../../etc/passwd"),
    "absolute image": annotations(file_path="/etc/passwd"),
    "surrogate in an image": annotations(file_path="\ud800.png"),
    "line end in an image": annotations(file_path="a\nb.png"),
    "long caption": annotations(captions=["word " * 200_000]),
    "caption that is a number": annotations(captions=[7]),
    "identity that is a map": annotations(id={"a": 1}),
    "deep JSON": document("[" * 100_000),
    "JSON key twice": document('[{"id": 1, "id": 2}]'),
    "no JSON": document("\x00\x01"),
    "long JSON integer": document(f'[{{"id": {"1" * 5000}}}]'),
    "negative shape": scores(header("(-4, 4)")),
    "no bytes": scores(header("(4, 4)", "|S0")),
    "unbalanced header": scores(b"{'shape': (4,\n"),
    "objects": scores(header("(4, 4)", "|O"), 128),
    "archive bomb": scores(header("(4, 25000000)"), 400_000_000),
    "code in annotations": pickled(pickle.dumps(Trap())),
    "places of a pickle": pickled(PLACES),
    "places of a TorchScript": torchscript(PLACES),
    "code in weights": tensors({"model": Trap()}),
    "weights without names": tensors([1, 2]),
    "weights under numbers": tensors({"model": {1: torch.zeros(2)}}),
    "sheet without a column": sheet("image,index\na.png,0\n"),
    "sheet of another encoding": sheet("\xff"),
    "table of bytes": table("\x00"),
    "row with more cells": table("system,rank1\nirra,1,2,3\n"),
}
"""Hostile input -> what plants it and says which command reads it."""


def rows(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change the first row of a file of JSON lines."""

    def plant(file: Path) -> None:
        first, *others = file.read_text(encoding="utf-8").split("\n")
        row = json.loads(first)
        change(row)
        file.write_text("\n".join([json.dumps(row), *others]), encoding="utf-8")

    return plant


def fields(**changed: Any) -> Callable[[Path], None]:
    """Set fields of the first row."""
    return rows(lambda row: row.update(changed))


def first_row_twice(file: Path) -> None:
    """A query twice."""
    lines = file.read_text(encoding="utf-8").split("\n")
    file.write_text("\n".join([lines[0], *lines]), encoding="utf-8")


def huge_png(file: Path) -> None:
    """A PNG of few bytes whose header says 100,000 x 100,000 pixels."""
    size = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    header = struct.pack(">I", 13) + size + struct.pack(">I", zlib.crc32(size))
    first = next(iter(sorted(file.rglob("*.png")))) if file.is_dir() else file
    first.write_bytes(b"\x89PNG\r\n\x1a\n" + header)


def postscript(folder: Path) -> None:
    """PostScript under the names of all images."""
    for image in folder.rglob("*.jpg"):
        image.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")


def truncated(file: Path) -> None:
    """Half a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def latin(file: Path) -> None:
    """A byte that is not UTF-8."""
    file.write_bytes(b"\xff" + file.read_bytes())


RANKS = ("predict", "ranks", "metrics")
MANIFEST = ("manifest", "manifest", "phrases")
PHRASES = ("phrases", "phrases", "fit")
METRICS = ("metrics", "metrics", "table")
MODEL = ("fit", "model", "predict")
ARTIFACTS: Mapping[str, tuple[tuple[str, str, str], Callable[[Path], None]]] = {
    "rank 0": (RANKS, fields(hits=[0], first=0)),
    "negative rank": (RANKS, fields(hits=[-1], first=-1)),
    "ranks out of order": (RANKS, fields(hits=[3, 2], first=3)),
    "a rank twice": (RANKS, fields(hits=[2, 2], first=2)),
    "rank beyond the gallery": (RANKS, fields(hits=[10**9], first=10**9)),
    "rank that is a fraction": (RANKS, fields(hits=[1.5], first=1)),
    "first rank of another": (RANKS, fields(first=7777)),
    "no hit": (RANKS, fields(hits=[])),
    "score that is no number": (RANKS, fields(top=[["a", float("nan")]])),
    "cosine above 1": (RANKS, fields(cosines=[[1.5]])),
    "cosines of no region": (RANKS, fields(cosines=[[0.5]])),
    "query twice": (RANKS, first_row_twice),
    "ranks of another encoding": (RANKS, latin),
    "half a ranks file": (RANKS, truncated),
    "long caption in a manifest": (MANIFEST, fields(captions=["word " * 200_000])),
    "image above the root in a manifest": (("manifest", "manifest", "fit"), fields(image="../../x.png")),
    "manifest without a key": (MANIFEST, rows(lambda row: row.pop("captions"))),
    "phrase of an unknown region": (
        PHRASES,
        fields(phrases=[{"text": "a", "start": 0, "end": 1, "region": "TAIL"}]),
    ),
    "phrase outside of its caption": (
        PHRASES,
        fields(phrases=[{"text": "a", "start": 10**9, "end": -1, "region": None}]),
    ),
    "phrases of another encoding": (PHRASES, latin),
    "half a metrics file": (METRICS, truncated),
    "half a model": (MODEL, truncated),
    "huge label map": (("parse", "parts", "fit"), huge_png),
    "PostScript for images": (("synthesize", "images", "fit"), postscript),
}
"""Hostile artifact -> ((stage, output, stage that reads it), what plants it)."""

"""Test data of Figures 2 and 3: a dataset of a few people, with ranks, truth and translation of its queries."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from helpers.tables import MADE_BY
from PIL import Image

from glalign.contract.records import Record, write_manifest
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import write_ranks
from glalign.parsing.label_maps import map_file, write_labels
from glalign.planning.figure_stages import HARDEST_NAMES, FailureData, ParsingData

LETTERS = "Một người phụ nữ đội mũ đỏ & ba lô_100%"
"""A caption with Vietnamese letters and with characters that LaTeX would read as commands."""


def phrase(caption: str, text: str, region: str | None) -> dict[str, Any]:
    start = caption.index(text)
    return {"text": text, "start": start, "end": start + len(text), "region": region}


def parsing_data(root: Path, records: Sequence[Record], phrases: Mapping[tuple[str, int], Any], **changes: Any):
    """Write manifest and phrases below `root`; return the block's data."""
    write_manifest(root / "manifest.jsonl", records)
    lines = [{"image": image, "index": index, "phrases": found} for (image, index), found in phrases.items()]
    (root / "phrases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    values = {"scenario": "SE1", "dataset": "d", "label": "People", "language": "vi", "shown": True}
    values |= {"manifest": str(root / "manifest.jsonl"), "splits": ("test",), "phrases": str(root / "phrases.jsonl")}
    return ParsingData(**values | changes)


def failure_data(root: Path, queries: Sequence[Mapping[str, Any]], cause: str, **changes: Any) -> FailureData:
    """Write the files of queries, one image, person and caption each, below `root`; return the cause's data.

    A query has any of: causes (those at the hardest level), full, without (rank of the first hit, default 1).
    """
    names = [f"p/{number}.jpg" for number in range(len(queries))]
    write_manifest(root / "m.jsonl", [Record(name, n, "test", (f"{LETTERS} {n}",)) for n, name in enumerate(names)])
    truth, translation = {}, {}
    for number, (name, query) in enumerate(zip(names, queries, strict=True)):
        causes = query.get("causes", ())
        gain = 0.2 if "light" in causes else 1.0 + number / 1000
        nuisance = {"gain": gain, "blur": 1.0, "occluder": "bush" if "occlusion" in causes else "none"}
        # An ambiguous caption names what everybody has.
        fact = ["sex", "woman"] if "ambiguity" in causes else ["number", str(number)]
        truth[name] = {"visible": {"sex": "woman", "number": str(number)}, "facts": [[fact]], "nuisance": nuisance}
        wrong = "translation" in causes
        one = {"region": "HEAD", "source": {"text": "a red hat"}, "target": {"text": "mũ đỏ"}, "wrong": wrong}
        translation[name] = [{"phrases": [one]}]
    for name, value in (("truth", truth), ("translation", translation)):
        (root / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    for side in ("full", "without"):
        rows = [_row(names, number, query.get(side, 1)) for number, query in enumerate(queries)]
        write_ranks(root / f"{side}.jsonl", rows, len(names), MADE_BY)
    values = {"scenario": "SV1", "dataset": "d", "label": "People", "language": "vi", "shown": True}
    values |= {"manifest": str(root / "m.jsonl"), "splits": ("test",), "cause": cause, "title": HARDEST_NAMES[cause]}
    values |= {"full_label": "Full", "without_label": "Global", "truth": str(root / "truth.json")}
    values |= {name: str(root / f"{name}.jsonl") for name in ("full", "without")}
    return FailureData(**values | {"translation": str(root / "translation.json")} | changes)


def _row(names: Sequence[str], number: int, first: int) -> RankRow:
    """The gallery in order with the query's image moved to its rank."""
    order = [name for name in names if name != names[number]]
    order.insert(first - 1, names[number])
    top = tuple((name, 1 - place / 100) for place, name in enumerate(order[:10]))
    return RankRow(f"{names[number]}#0", number, (first,), (first,), top)


def pictures(root: Path, names: Sequence[str]) -> None:
    """Write an image and a label map of every name, into `imgs` and `parts`."""
    labels = np.zeros((32, 16), np.uint8)
    for row, label in enumerate((2, 4, 5, 6, 9, 16)):
        labels[4 * row : 4 * row + 4, 4:12] = label
    for name in names:
        (root / "imgs" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 32), (90, 120, 30)).save(root / "imgs" / name)
        write_labels(map_file(root / "parts", name), labels)

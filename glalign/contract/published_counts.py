"""Published sizes of the datasets, per split (published_counts.csv)."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from glalign.storage.csv_files import read_rows

DATA_FILES = ("published_counts.csv",)  # part of the digest of every stage that imports this module


class SplitCounts(NamedTuple):
    """Size of one split of a complete release. captions_in_paper: captions by Table 3 of the paper; source: origin."""

    identities: int
    images: int
    captions: int
    captions_in_paper: int
    source: str


@functools.cache
def published_counts() -> Mapping[tuple[str, str], SplitCounts]:
    """(label of a dataset, name of a split in its release) -> counts, in the order of the file."""
    columns = ("dataset", "split", *SplitCounts._fields)
    counts = {}
    for row in read_rows(Path(__file__).with_name("published_counts.csv"), columns=columns):
        people, images, captions = (int(row[name]) for name in ("identities", "images", "captions"))
        in_paper = int(row["captions_in_paper"] or captions)
        counts[row["dataset"], row["split"]] = SplitCounts(people, images, captions, in_paper, row["source"])
    return counts

"""The rank of every query's first hit, over the seeds of a system."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from glalign.evaluation.ranks_file import read_ranks
from glalign.support.errors import UserError


class FirstHits(NamedTuple):
    """The first hits of a ranks file, without the rest of its rows: queries, persons and ranks (Q,)."""

    queries: tuple[str, ...]
    persons: tuple[int | str, ...]
    first: np.ndarray


def read_seeds(paths: Sequence[str]) -> list[FirstHits]:
    """The first hits of every seed. Raises: UserError for seeds with other queries."""
    files = [_read(path) for path in paths]
    for path, file in zip(paths, files, strict=True):
        if file.queries != files[0].queries:
            raise UserError(f"{path}: other queries than {paths[0]}; run the seeds again on one test set")
    return files


@lru_cache(maxsize=256)
def _read(path: str) -> FirstHits:
    rows = read_ranks(path)[0]
    first = np.fromiter((row.hits[0] for row in rows), np.int32, len(rows))
    return FirstHits(tuple(row.query for row in rows), tuple(row.person for row in rows), first)

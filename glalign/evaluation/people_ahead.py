"""Who stands before the first hit of a query, person by person: what Rank-k is in a gallery of fewer people."""

from collections.abc import Sequence

import numpy as np


class GalleryPeople:
    """The people of a gallery. persons: of each entry."""

    def __init__(self, persons: Sequence[int | str]) -> None:
        """Number the people."""
        self._numbers = {person: number for number, person in enumerate(dict.fromkeys(persons))}
        self._of_entry = np.array([self._numbers[person] for person in persons], np.int64)

    def ahead(self, line: np.ndarray, positives: np.ndarray, person: int | str) -> tuple[int, ...]:
        """How many people apart from `person` have 1, 2, ... entries before the first positive, ties against it.

        line (G,): scores. positives: columns of entries of `person`, at least one.
        """
        best = line[positives].max()
        entries = np.bincount(self._of_entry[line >= best], minlength=len(self._numbers))
        entries[self._numbers[person]] = 0
        return tuple(np.bincount(entries)[1:].tolist())

"""The file of the noun phrases of a dataset: JSON lines {image, index, phrases}, one per caption."""

from pathlib import Path
from typing import Any, TypedDict

from glalign.contract.regions import REGIONS
from glalign.storage.json_files import read_json_lines

Key = tuple[str, int]
"""An image and the number of one of its captions."""

REGIONS_OR_NONE = frozenset((*REGIONS, None))


class Phrase(TypedDict):
    """A noun phrase: its characters in the caption and its region, None when no keyword matches."""

    text: str
    start: int
    end: int
    region: str | None


def read_phrase_rows(path: Path | str) -> dict[Key, list[Phrase]]:
    """Read the phrases of every caption. Raises: UserError naming the line that is not a row of phrases."""
    rows: dict[Key, list[Phrase]] = {}

    def keep(row: Any) -> None:
        image, index, phrases = row["image"], row["index"], row["phrases"]
        if type(image) is not str or type(index) is not int or type(phrases) is not list:
            raise TypeError("image, index and phrases are not a text, a number and a list")
        if (image, index) in rows:
            raise ValueError("a second row for this caption")
        for one in phrases:
            start, end = one["start"], one["end"]
            if type(start) is not int or type(end) is not int or not 0 <= start < end:
                raise ValueError(f"{start!r} to {end!r} are no characters of a caption")
            if one["region"] not in REGIONS_OR_NONE:
                raise ValueError(f"no region {one['region']!r}; there are {', '.join(REGIONS)}")
        rows[image, index] = phrases

    for _ in read_json_lines(
        path, keep, "a row of phrases", "delete the file and run again", f"make it with `snakemake --cores 1 {path}`"
    ):
        pass
    return rows

"""The long tail of both vocabularies: rarer words of every topic, drawn by Zipf's law.

Half of the words of real captions are rare: of 20,000 words of CUHK-PEDES about 1,000 differ, and half of those come
once (docs/synthetic.md). The words are in `long_tail_en.yaml` and `long_tail_vi.yaml`, with the rendering that the
translator needs.
"""

import random
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from pathlib import Path

DATA_FILES = ("*.yaml",)  # part of the digest of every stage that imports this module
Words = Mapping[str, str]
PLAIN = ("black", "white", "gray", "grey", "blue", "red", "pink", "purple", "green", "yellow", "orange", "brown", "tan")
"""Colours that are written together: "black-and-white"."""


@cache
def long_tail(language: str) -> Mapping[str, Mapping[str, Words]]:
    """Return topic -> value -> word -> rendering in the other language, the more frequent words first; read once."""
    from glalign.storage.yaml_files import read_yaml  # noqa: PLC0415  (only generators and translators need it)

    return read_yaml(Path(__file__).with_name(f"long_tail_{language}.yaml"))


@cache
def _weighted(language: str, topic: str, value: str) -> tuple[list[str], list[float]]:
    """Return the words of a value and the cumulative sum of 1 / (rank + 7), ranks from 1."""
    words = list(long_tail(language)[topic].get(value, ()))
    return words, list(accumulate(1 / (rank + 8) for rank in range(len(words))))


def rare_word(rng: random.Random, language: str, topic: str, value: str) -> str:
    """Draw a word of the long tail; "" if there is none for this value."""
    words, weights = _weighted(language, topic, value)
    return rng.choices(words, cum_weights=weights)[0] if words else ""


def compound(rng: random.Random, name: str) -> str:
    """Write a colour in a rarer way: "light-blue", "red-colored", "navy coloured".

    >>> compound(random.Random(0), "light blue")
    'light-blue'
    """
    if " " in name:
        return name.replace(" ", "-")
    return name if name.endswith("ed") or "-" in name else f"{name}{rng.choice(SUFFIXES)}"


SUFFIXES = ("-colored", " colored", " coloured", "-coloured", " color")


def spellings(name: str) -> Iterator[str]:
    """Yield all that `compound` makes of a colour."""
    if " " in name:
        yield name.replace(" ", "-")
    elif not name.endswith("ed") and "-" not in name:
        yield from (name + suffix for suffix in SUFFIXES)

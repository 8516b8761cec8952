"""The readings of D27: the images of the gallery, and those of them that are a hit."""

from collections.abc import Iterable, Sequence

from glalign.contract.records import Query, Record
from glalign.support.errors import UserError


def gallery_of(records: Iterable[Record], gallery: str) -> list[Record]:
    """`all`: every image; `one_per_identity`: the first image of each person, in manifest order."""
    if gallery == "all":
        return list(records)
    if gallery == "one_per_identity":
        first: dict[int, Record] = {}
        for record in records:
            first.setdefault(record.person, record)
        return list(first.values())
    raise UserError(f"gallery: {gallery!r} is unknown; use all or one_per_identity")


def targets(
    queries: Sequence[Query], gallery: Sequence[Record], hit: str
) -> tuple[list[int], list[int]] | tuple[list[str], list[str]]:
    """Values of the queries and of the gallery that are equal for a hit: `identity` the persons, `image` the images."""
    if hit == "identity":
        return [q.person for q in queries], [r.person for r in gallery]
    if hit == "image":
        return [q.image for q in queries], [r.image for r in gallery]
    raise UserError(f"hit: {hit!r} is unknown; use identity or image")

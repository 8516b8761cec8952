"""Hold out identities, select subsets of identities or images, and check that splits share no identity."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from glalign.contract.records import Record
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for

Unit = TypeVar("Unit", int, str)


def hold_out(records: Iterable[Record], count: int, seed: int) -> list[Record]:
    """Move `count` training identities to val; the order of the records is kept (D16, D31).

    The choice depends only on the seed and the identity numbers, not on the order of the records.
    Raises: UserError if a val split exists already or no training identity would remain.
    """
    records = list(records)
    if count == 0:
        return records
    if any(r.split == "val" for r in records):
        raise UserError(f"holdout: {count}, but there is a val split; set `holdout: 0` or `splits: {{val: null}}`")
    people = {r.person for r in records if r.split == "train"}
    if not 0 < count < len(people):
        raise UserError(f"holdout: {count} of {len(people)} training identities; choose 0 to {len(people) - 1}")
    moved = set(draw(people, count, seed, "holdout"))
    return [replace(r, split="val") if r.split == "train" and r.person in moved else r for r in records]


def select_identities(records: Iterable[Record], count: int, seed: int) -> list[Record]:
    """Select all records of `count` identities drawn with a fixed seed (D12). Raises: UserError if there are fewer."""
    records = list(records)
    people = {r.person for r in records}
    if not 0 < count <= len(people):
        raise UserError(f"identities: {count} of {len(people)}; choose 1 to {len(people)}, or null for all")
    selected = set(draw(people, count, seed, "identities"))
    return [r for r in records if r.person in selected]


def select_images(records: Iterable[Record], count: int, seed: int) -> list[Record]:
    """Select `count` records drawn with a fixed seed (D12). Raises: UserError if there are fewer."""
    records = list(records)
    if not 0 < count <= len(records):
        raise UserError(f"images: {count} of {len(records)}; choose 1 to {len(records)}, or null for all")
    selected = set(draw((r.image for r in records), count, seed, "images"))
    return [r for r in records if r.image in selected]


def draw(units: Iterable[Unit], count: int, seed: int, stream: str) -> list[Unit]:
    """Draw the `count` identities or images with the smallest hashes in a random stream.

    Larger draws contain smaller ones.
    """
    return sorted(units, key=lambda unit: (seed_for(seed, stream, unit), unit))[:count]


def check_disjoint(people: Mapping[str, Iterable[int]]) -> None:
    """Raise a UserError if two of the named sets share identities, naming both sets and the first identities."""
    seen: list[tuple[str, set[int]]] = []
    for name, members in people.items():
        unique = set(members)
        for other, earlier in seen:
            if shared := sorted(unique & earlier):
                listed = ", ".join(map(str, shared[:5])) + (", ..." if len(shared) > 5 else "")
                what = f"{name} and {other} share {len(shared)} identities ({listed})"
                raise UserError(f"{what}; a person may be on one side only: correct the splits")
        seen.append((name, unique))


def check_train_test_disjoint(train: Iterable[Record], test: Iterable[Record], train_name: str, test_name: str) -> None:
    """Raise a UserError naming the datasets if train and test share identities; both must use the same `people`."""
    check_disjoint({train_name: (r.person for r in train), test_name: (r.person for r in test)})

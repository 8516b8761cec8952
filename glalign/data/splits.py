"""Who is in which split: held-out identities, subsets of a test fold, and the check that nobody is on both sides."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from glalign.contract.records import Record
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for


def hold_out(records: Iterable[Record], count: int, seed: int) -> list[Record]:
    """The same records with `count` training identities moved to val; order kept (D16, D31).

    The choice depends on the seed and the identity numbers alone, not on the order of the records.
    Raises UserError when there is a val split already, or nobody would be left to train on.
    """
    records = list(records)
    if count == 0:
        return records
    if any(r.split == "val" for r in records):
        raise UserError(f"holdout: {count}, but there is a val split; set `holdout: 0` or `splits: {{val: null}}`")
    people = {r.person for r in records if r.split == "train"}
    if not 0 < count < len(people):
        raise UserError(f"holdout: {count} of {len(people)} training identities; choose 0 to {len(people) - 1}")
    held = set(draw(people, count, seed, "holdout"))
    return [replace(r, split="val") if r.split == "train" and r.person in held else r for r in records]


def select_identities(records: Iterable[Record], count: int, seed: int) -> list[Record]:
    """All records of `count` identities drawn with a fixed seed; order kept (D12).

    Raises UserError when there are fewer identities.
    """
    records = list(records)
    people = {r.person for r in records}
    if not 0 < count <= len(people):
        raise UserError(f"identities: {count} of {len(people)}; choose 1 to {len(people)}, or null for all")
    chosen = set(draw(people, count, seed, "identities"))
    return [r for r in records if r.person in chosen]


def draw(people: Iterable[int], count: int, seed: int, stream: str) -> list[int]:
    """`count` identities: those whose hash in the named stream is smallest, so a larger draw contains a smaller one."""
    return sorted(people, key=lambda person: (seed_for(seed, stream, person), person))[:count]


def check_disjoint(people: Mapping[str, Iterable[int]]) -> None:
    """Nobody is in two of the named sets. Raises UserError naming both sets and the first identities they share."""
    seen: list[tuple[str, set[int]]] = []
    for name, members in people.items():
        unique = set(members)
        for other, earlier in seen:
            if shared := sorted(unique & earlier):
                listed = ", ".join(map(str, shared[:5])) + (", ..." if len(shared) > 5 else "")
                raise UserError(
                    f"{name} and {other} share {len(shared)} identities ({listed}); a person may be on one side only: "
                    "correct the splits"
                )
        seen.append((name, unique))


def leakage(train: Iterable[Record], test: Iterable[Record], train_name: str, test_name: str) -> None:
    """Nobody that a system trains on is in its test set; both must number the same people alike (`people`).

    Raises UserError naming the two datasets and the identities.
    """
    check_disjoint({train_name: (r.person for r in train), test_name: (r.person for r in test)})

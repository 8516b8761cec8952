"""Image files with the same bytes, above all in two splits."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from glalign.contract.records import Record
from glalign.contract.results import RepeatedImages


def repeated_images(records: Sequence[Record], digests: Iterable[str]) -> RepeatedImages:
    """Count the pictures that several records show. digests: of the bytes of each record's image, in order."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record, digest in zip(records, digests, strict=True):
        groups[digest].append(record)
    repeated = [group for group in groups.values() if len(group) > 1]
    between: Counter[str] = Counter()
    first: dict[str, tuple[str, str]] = {}
    for group in repeated:
        image_in = {record.split: record.image for record in reversed(group)}
        for pair in combinations(image_in, 2):
            one, other = sorted(pair)
            between[f"{one} and {other}"] += 1
            first.setdefault(f"{one} and {other}", (image_in[one], image_in[other]))
    several = sum(len({record.person for record in group}) > 1 for group in repeated)
    return RepeatedImages(pictures=len(repeated), of_several_people=several, between=dict(between), first=first)


def remarks(found: RepeatedImages) -> list[str]:
    """Return a line on each two splits that have a picture in common, and one on pictures of several people."""
    lines = []
    for splits, count in found.between.items():
        example = " and ".join(found.first[splits])
        lines.append(f"{splits} have {count:,} picture{'s' * (count > 1)} in common, byte for byte: first {example}")
    if count := found.of_several_people:
        lines.append(f"{count:,} picture{'s' * (count > 1)} of several people, byte for byte")
    return lines

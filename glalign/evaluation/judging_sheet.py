"""A sheet of translated captions for two people to judge (Section 5.2, on real data)."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from glalign.contract.records import Record, captions_by_key, read_manifest
from glalign.contract.specs.data import PhrasesSpec
from glalign.language.phrases import extract
from glalign.storage.csv_files import write_new_csv
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for

SIDES = ("source", "target")
RIGHT, WRONG = "right", "wrong"
KINDS = ("meaning", "vague", "region", "missed", "picture", "other")
"""Kinds of error, in the columns source_kind and target_kind.

meaning: a word has another meaning than in the source. vague: a colour, a garment or a detail is lost or became
general. region: a phrase is listed with another part than it is of. missed: a phrase of a part is not listed. picture:
the caption says of a part what the picture does not show, in the source, too.
"""

ANSWERS = tuple(f"{side}_{question}" for side in SIDES for question in ("judge", "kind"))
COLUMNS = (
    "image", "index", "picture",
    "source", "source_phrases", "source_judge", "source_kind",
    "target", "target_phrases", "target_judge", "target_kind", "comment",
)  # fmt: skip


def write_sample(source: PhrasesSpec, target: PhrasesSpec, images: Path, out: Path, pairs: int, seed: int) -> int:
    """Write captions of `pairs` persons in two languages side by side as CSV, to be judged; return their number.

    Manifests are those of `source` and `target`, joined by image and caption index. One caption per person, in the
    order of the source, with the path of its picture and the phrases that are found in it. images: folder of the
    pictures. Raises: UserError if the manifests do not have the same captions, if the first picture is not in `images`,
    or if `out` exists, which may be judged already.
    """
    records = read_manifest(source.manifest)
    texts, translations = captions_by_key(records), captions_by_key(read_manifest(target.manifest))
    sides = (
        (source.manifest, texts, target.manifest, translations),
        (target.manifest, translations, source.manifest, texts),
    )
    for here, own, there, others in sides:
        if missing := next((key for key in own if key not in others), None):
            lacks = f"{there}: no caption {missing[1]} of {missing[0]}, which {here} has"
            raise UserError(f"{lacks}; give a dataset and its translation")
    if not (images / records[0].image).is_file():
        raise UserError(
            f"{images}: no image {records[0].image}, which {source.manifest} has; name their folder with --images"
        )
    keys = draw_captions(records, pairs, random.Random(seed_for(seed, "translation sample")))
    columns = []
    for captions, rules in ((texts, source), (translations, target)):
        chosen = [captions[key] for key in keys]
        columns.append([(text, _listed(found)) for text, found in zip(chosen, extract(chosen, rules), strict=True)])
    rows = (
        (*key, (images / key[0]).as_posix(), *one, "", "", *other, "", "", "")
        for key, one, other in zip(keys, *columns, strict=True)
    )
    write_new_csv(out, COLUMNS, rows)
    return len(keys)


def draw_captions(records: Sequence[Record], count: int, rng: random.Random) -> list[tuple[str, int]]:
    """One random caption of each of `count` random persons, of all if there are fewer, in the order of the records.

    Captions of a person describe the same clothes, so two of them are no two independent pairs.
    """
    own: dict[int, list[tuple[str, int]]] = {}
    for record in records:
        own.setdefault(record.person, []).extend((record.image, index) for index in range(len(record.captions)))
    persons = set(rng.sample(list(own), min(count, len(own))))
    return [rng.choice(keys) for person, keys in own.items() if person in persons]


def _listed(phrases: Sequence[Mapping[str, object]]) -> str:
    """The phrases of a part of the body as text."""
    return " | ".join(f"{one['text']} [{one['region']}]" for one in phrases if one["region"])

"""A synthetic dataset on disk looks like the real release; a corpus in memory is the same people without files.

Layout (CUHK-PEDES, Li et al. 2017): `reid_raw.json`, a list of {split, id, file_path, captions, processed_tokens}, and
`imgs/<file_path>`. Ours beside it: `labels/<file_path>.png` (8-bit ATR labels) and `truth.json`, keyed by file_path:
{"visible": {attribute: value}, "facts": [[[attribute, value], ...] per caption], "nuisance": {...}}.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from glalign.errors import UserError
from glalign.files import whole_directory
from glalign.seeds import seed_for
from glalign.synthetic.captions_en import two_captions
from glalign.synthetic.domains import domain as find_domain
from glalign.synthetic.people import Person, make_person
from glalign.synthetic.phrases_en import Facts
from glalign.synthetic.render import Photograph, photograph
from glalign.synthetic.setting import Domain
from glalign.synthetic.visible import visible

SPLITS = ("train", "val", "test")
LANGUAGES = ("en",)
Item = tuple[np.ndarray, np.ndarray, list[str], dict[str, str], int]


def write_dataset(spec: dict[str, Any], out: Path, progress: Callable[[int, int], None]) -> None:
    """Write the dataset that `spec` describes to the folder `out`, whole or not at all.

    spec: domain, train/val/test (identities), images (per identity, mean), seed, people (name of the population),
    language. progress(done, total) is called after every image. Raises: UserError for an unknown domain or language.
    """
    place = find_domain(spec["domain"])
    if spec["language"] not in LANGUAGES:
        raise UserError(
            f"synthetic.language: {spec['language']!r} is not available; choose one of {', '.join(LANGUAGES)}"
        )
    plan = [
        (split, number, index)
        for split, number in _identities(spec)
        for index in range(_images_of(spec["seed"], spec["people"], number, spec["images"]))
    ]
    rows, truth = [], {}
    with whole_directory(out) as folder:
        for part in ("imgs", "labels"):
            (folder / part / place.name).mkdir(parents=True)
        for done, (split, number, index) in enumerate(plan, start=1):
            person = make_person(place, spec["seed"], spec["people"], number)
            photo, seen, said = _shoot(place, person, spec["seed"], spec["people"], index)
            path = f"{place.name}/{number:05d}_{index}.jpg"
            (folder / "imgs" / path).write_bytes(photo.jpeg)
            Image.fromarray(photo.labels).save(folder / "labels" / f"{path}.png")
            captions = [text for text, _ in said]
            rows.append({"split": split, "id": number, "file_path": path, "captions": captions,
                         "processed_tokens": [re.findall(r"[a-z0-9'-]+", c.lower()) for c in captions]})  # fmt: skip
            truth[path] = {"visible": seen, "facts": [facts for _, facts in said], "nuisance": photo.nuisance}
            progress(done, len(plan))
        for name, value in (("reid_raw.json", rows), ("truth.json", truth)):
            (folder / name).write_text(json.dumps(value, sort_keys=True) + "\n", encoding="utf-8")


def corpus(domain: str, identities: int, images: int, seed: int) -> Iterator[Item]:
    """Yield (pixels (128, 64, 3) uint8, labels (128, 64) uint8, captions, visible attributes, person from 1).

    identities: how many people; images: of each, exactly. The population is called "pretrain", a random stream of its
    own: none of its people is in any benchmark split.
    """
    place = find_domain(domain)
    for number in range(1, identities + 1):
        person = make_person(place, seed, "pretrain", number)
        for index in range(images):
            photo, seen, said = _shoot(place, person, seed, "pretrain", index)
            yield photo.pixels, photo.labels, [text for text, _ in said], seen, number


def _identities(spec: dict[str, Any]) -> Iterator[tuple[str, int]]:
    number = 0
    for split in SPLITS:
        for _ in range(spec[split]):
            number += 1
            yield split, number


def _images_of(seed: int, people: str, number: int, mean: float) -> int:
    """`mean` images on average, at least two where `mean` is; exactly `mean` below 3."""
    rng = random.Random(seed_for(seed, "images", people, number))
    spread = max(0, round(mean) - 2)
    return round(mean) + rng.randint(-spread, spread)


def _shoot(
    place: Domain, person: Person, seed: int, people: str, index: int
) -> tuple[Photograph, dict[str, str], list[tuple[str, Facts]]]:
    """Photograph, what it shows, and its two captions."""
    photo = photograph(place, person, seed, people, index, _kind(place, seed, people, person.number, index))
    seen = visible(person, photo)
    rng = random.Random(seed_for(seed, "captions", place.name, people, person.number, index))
    return photo, seen, two_captions(seen, rng, place)


def _kind(place: Domain, seed: int, people: str, number: int, index: int) -> str | None:
    """Views of a person differ: the first three images are a shuffled round of the three, later ones are drawn."""
    kinds = sorted(place.camera.views)
    random.Random(seed_for(seed, "views", place.name, people, number)).shuffle(kinds)
    return kinds[index] if index < len(kinds) else None

"""A synthetic dataset on disk looks like the real release; a corpus in memory is the same people without files.

Layout (CUHK-PEDES, Li et al. 2017): `reid_raw.json`, a list of {split, id, file_path, captions, processed_tokens}, and
`imgs/<file_path>`. Ours beside it: `labels/<file_path>.png` (8-bit ATR labels) and `truth.json`, keyed by file_path:
{"visible": {attribute: value}, "facts": [[[attribute, value], ...] per caption], "nuisance": {...}}; Vietnamese
captions have "phrases" too, [[{text, start, end, region, facts}, ...] per caption]: their noun phrases, the region that
each speaks of (null: no body part) and the facts that its words commit to.
"""

import json
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from glalign.contract.specs.data import SynthesizeSpec
from glalign.storage.whole_files import whole_directory
from glalign.support.errors import UserError
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.synthetic.captions import english as captions_en
from glalign.synthetic.captions import vietnamese as captions_vi
from glalign.synthetic.captions.phrases_vi import Spoken
from glalign.synthetic.captions.witness import Facts, with_grue
from glalign.synthetic.domains.registry import domain as find_domain
from glalign.synthetic.domains.setting import Domain
from glalign.synthetic.drawing.render import Photograph, photograph
from glalign.synthetic.people.identity import Person, make_person
from glalign.synthetic.people.visible import visible

SPLITS = ("train", "val", "test")
WORDS = {"en": r"[a-z0-9'-]+", "vi": r"[^\W_]+"}
"""What counts as a word in `processed_tokens`, after lower-casing."""
Item = tuple[np.ndarray, np.ndarray, list[str], dict[str, str], int]


def synthesize(spec: SynthesizeSpec, folder: Path) -> None:
    """Write the dataset that `spec` describes to `folder`, and report the progress."""
    with Progress(f"synthesize {folder.name}", spec.train + spec.val + spec.test, "image") as progress:
        write_dataset(spec, folder, progress.reach)


def write_dataset(spec: SynthesizeSpec, out: Path, progress: Callable[[int, int], None]) -> None:
    """Write the dataset that `spec` describes to the folder `out`, whole or not at all.

    progress(done, total) is called after every image. Raises: UserError for an unknown domain or language.
    """
    place, language = find_domain(spec.domain), spec.language
    _check(place, language)
    plan = [
        (split, number, index)
        for split, number in _identities(spec)
        for index in range(_images_of(spec.root_seed, spec.people, number, spec.images))
    ]
    rows, truth = [], {}
    with whole_directory(out) as folder:
        for part in ("imgs", "labels"):
            (folder / part / place.name).mkdir(parents=True)
        for done, (split, number, index) in enumerate(plan, start=1):
            person = make_person(place, spec.root_seed, spec.people, number)
            photo = _shoot(place, person, spec.root_seed, spec.people, index)
            seen, said = _say(place, person, photo, spec.root_seed, spec.people, index, language)
            path = f"{place.name}/{number:05d}_{index}.jpg"
            (folder / "imgs" / path).write_bytes(photo.jpeg)
            Image.fromarray(photo.labels).save(folder / "labels" / f"{path}.png")
            captions = [text for text, *_ in said]
            rows.append({"split": split, "id": number, "file_path": path, "captions": captions,
                         "processed_tokens": [re.findall(WORDS[language], c.lower()) for c in captions]})  # fmt: skip
            truth[path] = {"visible": seen, "facts": [facts for _, facts, _ in said], "nuisance": photo.nuisance}
            if language == "vi":
                truth[path]["phrases"] = [phrase_rows(text, spoken) for text, _, spoken in said]
            progress(done, len(plan))
        for name, value in (("reid_raw.json", rows), ("truth.json", truth)):
            (folder / name).write_text(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def corpus(domain: str, identities: int, images: int, seed: int, languages: Sequence[str] = ("en",)) -> Iterator[Item]:
    """Yield (pixels (128, 64, 3) uint8, labels (128, 64) uint8, captions, visible attributes, person from 1).

    identities: how many people; images: of each, exactly; languages: of the captions, two of each image in each of
    them, in this order, which changes no image. The attributes are those that the first language tells apart. The
    population is called "pretrain", a random stream of its own: none of its people is in any benchmark split.
    Raises: UserError for an unknown domain or language.
    """
    place = find_domain(domain)
    for language in languages:
        _check(place, language)
    for number in range(1, identities + 1):
        person = make_person(place, seed, "pretrain", number)
        for index in range(images):
            photo = _shoot(place, person, seed, "pretrain", index)
            told = [_say(place, person, photo, seed, "pretrain", index, language) for language in languages]
            captions = [text for _, said in told for text, *_ in said]
            yield photo.pixels, photo.labels, captions, told[0][0], number


def phrase_rows(text: str, spoken: list[Spoken]) -> list[dict[str, Any]]:
    """Noun phrases of a caption as `truth.json` keeps them."""
    return [{"text": text[one.start : one.end], **one._asdict()} for one in spoken]


def _check(place: Domain, language: str) -> None:
    if language not in place.languages:
        raise UserError(
            f"synthetic.language: nobody of the domain {place.name!r} writes {language!r}; choose one of "
            f"{', '.join(place.languages)}"
        )


def _identities(spec: SynthesizeSpec) -> Iterator[tuple[str, int]]:
    number = 0
    for split in SPLITS:
        for _ in range(getattr(spec, split)):
            number += 1
            yield split, number


def _images_of(seed: int, people: str, number: int, mean: float) -> int:
    """`mean` images on average, at least two where `mean` is; below 3 the next whole numbers only."""
    rng = random.Random(seed_for(seed, "images", people, number))
    whole = math.floor(mean)
    spread = max(0, whole - 2)
    count = whole + rng.randint(-spread, spread)
    return count + (rng.random() < mean - whole) if mean > whole else count


def _shoot(place: Domain, person: Person, seed: int, people: str, index: int) -> Photograph:
    return photograph(place, person, seed, people, index, _kind(place, seed, people, person.number, index))


def _say(
    place: Domain, person: Person, photo: Photograph, seed: int, people: str, index: int, language: str
) -> tuple[dict[str, str], list[tuple[str, Facts, list[Spoken]]]]:
    """What a photograph shows to speakers of a language, and its two captions; English ones come without phrases."""
    seen = visible(person, photo)
    stream = ("captions", place.name, people, person.number, index)
    if language == "vi":
        seen = with_grue(seen)
        return seen, captions_vi.two_captions(seen, random.Random(seed_for(seed, *stream, "vi")), place)
    said = captions_en.two_captions(seen, random.Random(seed_for(seed, *stream)), place)
    return seen, [(text, facts, []) for text, facts in said]


def _kind(place: Domain, seed: int, people: str, number: int, index: int) -> str | None:
    """Views of a person differ: the first three images are a shuffled round of the three, later ones are drawn."""
    kinds = sorted(place.camera.views)
    random.Random(seed_for(seed, "views", place.name, people, number)).shuffle(kinds)
    return kinds[index] if index < len(kinds) else None

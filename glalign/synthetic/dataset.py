"""Generation of synthetic datasets: in files with the layout of CUHK-PEDES, or in memory.

Layout (CUHK-PEDES, Li et al. 2017): `reid_raw.json`, a list of {split, id, file_path, captions, processed_tokens}, and
`imgs/<file_path>`. Ours in addition: `labels/<file_path>.png` (label maps, 8-bit ATR labels) and `truth.json`, keyed by
file_path: {"visible": {attribute: value}, "facts": [[[attribute, value], ...] per caption], "nuisance": {...}}. Entries
of Vietnamese captions also have "phrases", [[{text, start, end, region, facts}, ...] per caption]: the noun phrases,
their body regions (null: none) and the facts that their words state.
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
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.synthetic.captions.attributes import with_grue
from glalign.synthetic.captions.caption_pair import Repeats, caption_pair
from glalign.synthetic.captions.generator import Caption, Phrase
from glalign.synthetic.domains.domain import Domain
from glalign.synthetic.domains.registry import find_domain
from glalign.synthetic.drawing.photograph import Photograph, photograph
from glalign.synthetic.drawing.visible_attributes import visible_attributes
from glalign.synthetic.people.identity import Person, make_person

SPLITS = ("train", "val", "test")
WORDS = {"en": r"[a-z0-9'-]+", "vi": r"[^\W_]+"}
"""Language -> pattern of a word in `processed_tokens`, applied to the lower-cased caption."""
Item = tuple[np.ndarray, np.ndarray, list[str], dict[str, str], int]


def synthesize(spec: SynthesizeSpec, folder: Path) -> None:
    """Generate a dataset, and report the progress."""
    with Progress(f"synthesize {folder.name}", spec.train + spec.val + spec.test, "image") as progress:
        write_dataset(spec, folder, progress.reach)


def write_dataset(spec: SynthesizeSpec, out: Path, progress: Callable[[int, int], None]) -> None:
    """Generate the dataset that `spec` describes and write it to the folder `out`, whole or not at all.

    progress(done, total) is called after every image. Raises: UserError for an unknown domain or language.
    """
    language, seed, people = spec.language, spec.root_seed, spec.people
    domain = find_domain(spec.domain, language)
    splits = [split for split in SPLITS for _ in range(getattr(spec, split))]
    plan = [(split, number, index) for number, split in enumerate(splits, start=1)
            for index in range(_image_count(seed, people, number, spec.images))]  # fmt: skip
    rows, truth, repeats = [], dict[str, dict[str, Any]](), Repeats()
    with whole_directory(out) as folder:
        for part in ("imgs", "labels"):
            (folder / part / domain.name).mkdir(parents=True)
        for done, (split, number, index) in enumerate(plan, start=1):
            person = make_person(domain, seed, people, number)
            photo = _photograph(domain, person, seed, people, index)
            visible, captions = _captions(domain, person, photo, seed, people, index, language, repeats)
            texts, facts = [caption.text for caption in captions], [caption.facts for caption in captions]
            path = f"{domain.name}/{number:05d}_{index}.jpg"
            (folder / "imgs" / path).write_bytes(photo.jpeg)
            Image.fromarray(photo.labels).save(folder / "labels" / f"{path}.png")
            tokens = [re.findall(WORDS[language], text.lower()) for text in texts]
            row = {"split": split, "id": number, "file_path": path, "captions": texts, "processed_tokens": tokens}
            rows.append(row)
            truth[path] = {"visible": visible, "facts": facts, "nuisance": photo.nuisance}
            if language == "vi":
                truth[path]["phrases"] = [phrase_rows(caption.text, caption.phrases) for caption in captions]
            progress(done, len(plan))
        for name, value in (("reid_raw.json", rows), ("truth.json", truth)):
            (folder / name).write_text(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def corpus(domain: str, identities: int, images: int, seed: int, languages: Sequence[str] = ("en",)) -> Iterator[Item]:
    """Yield (pixels (128, 64, 3) uint8, labels (128, 64) uint8, captions, visible attributes, person from 1).

    identities: number of people; images: exact number for each; languages: of the captions, two per image and language,
    in this order; they do not influence the images. The visible attributes are those of the first language. The name of
    the population, and so of its random streams, is "pretrain": none of its people is in any benchmark split.
    Raises: UserError for an unknown domain or language.
    """
    place, repeats = find_domain(domain, *languages), {language: Repeats() for language in languages}
    for number in range(1, identities + 1):
        person = make_person(place, seed, "pretrain", number)
        for index in range(images):
            photo = _photograph(place, person, seed, "pretrain", index)
            made = [_captions(place, person, photo, seed, "pretrain", index, *pair) for pair in repeats.items()]
            yield photo.pixels, photo.labels, [c.text for _, captions in made for c in captions], made[0][0], number


def phrase_rows(text: str, phrases: list[Phrase]) -> list[dict[str, Any]]:
    """Return the noun phrases of a caption as `truth.json` keeps them."""
    return [{"text": text[phrase.start : phrase.end], **phrase._asdict()} for phrase in phrases]


def _image_count(seed: int, people: str, number: int, mean: float) -> int:
    """Draw how many images an identity has: `mean` on average, at least two if `mean` is.

    A `mean` below 3 gives one of the two nearest whole numbers.
    """
    rng = random.Random(seed_for(seed, "images", people, number))
    whole = math.floor(mean)
    spread = max(0, whole - 2)
    count = whole + rng.randint(-spread, spread)
    return count + (rng.random() < mean - whole) if mean > whole else count


def _photograph(domain: Domain, person: Person, seed: int, people: str, index: int) -> Photograph:
    """Take the `index`-th photograph; the first three of a person show the three views in random order."""
    views = sorted(domain.camera.views)
    random.Random(seed_for(seed, "views", domain.name, people, person.number)).shuffle(views)
    return photograph(domain, person, seed, people, index, views[index] if index < len(views) else None)


def _captions(
    domain: Domain,
    person: Person,
    photo: Photograph,
    seed: int,
    people: str,
    index: int,
    language: str,
    repeats: Repeats,
) -> tuple[dict[str, str], list[Caption]]:
    """Return the visible attributes of a photograph, for Vietnamese with grue, and its two captions, one of
    which may be of an earlier photograph."""
    visible = visible_attributes(person, photo)
    stream: tuple[str | int, ...] = ("captions", domain.name, people, person.number, index)
    if language == "vi":
        visible, stream = with_grue(visible), (*stream, "vi")
    captions = caption_pair(visible, random.Random(seed_for(seed, *stream)), domain, language)
    repeats.apply(captions, visible, random.Random(seed_for(seed, "repeats", *stream)), domain.repeats)
    return visible, captions

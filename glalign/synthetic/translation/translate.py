"""Machine translation of a synthetic dataset: the same people and images, captions with translation errors.

The folder has the layout of the source. Images and label maps are hard links to the source's files (copies if the file
system has no links): readers need no special case, an archive is complete, and the source may be deleted. `truth.json`
has the facts and phrases of the translated captions; `translation.json`, keyed by file_path, has
{"errors": [...], "phrases": [...]} per caption, see `Translation.log`.
"""

import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glalign.contract.specs.data import TranslateSpec
from glalign.storage.json_files import read_json
from glalign.storage.whole_files import whole_directory
from glalign.support.errors import UserError
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.synthetic.captions.attributes import with_grue
from glalign.synthetic.dataset import WORDS, phrase_rows
from glalign.synthetic.translation.phrase_table import phrase_table
from glalign.synthetic.translation.translator import translate as translate_caption

STAMPS = shutil.ignore_patterns(".snakemake_timestamp")
"""Snakemake's timestamp of a folder. A link to it would make the source look as new as its translation, and all jobs
that depend on the source would run again."""


def translate(spec: TranslateSpec, folder: Path) -> None:
    """Translate a dataset, and report the progress."""
    with Progress(f"translate {folder.name}", 1, "image") as progress:
        translate_dataset(spec, folder, progress.reach)


def translate_dataset(spec: TranslateSpec, out: Path, progress: Callable[[int, int], None]) -> None:
    """Translate a dataset that `write_dataset` wrote and write it to the folder `out`, whole or not at all.

    Languages: en to vi or vi to en. progress(done, total) is called after every image. Every caption has its own random
    stream. Raises: UserError for an unknown direction or a folder without reid_raw.json and truth.json.
    """
    source, direction = Path(spec.source), (spec.source_language, spec.language)
    phrase_table(*direction)
    rows, truth = _read(source)
    log: dict[str, Any] = {}
    with whole_directory(out) as folder:
        for part in ("imgs", "labels"):
            shutil.copytree(source / part, folder / part, copy_function=_link, ignore=STAMPS)
        for done, row in enumerate(rows, start=1):
            path, made = row["file_path"], []
            entry = truth[path]
            visible = with_grue(entry["visible"])
            for index, (text, facts) in enumerate(zip(row["captions"], entry["facts"], strict=True)):
                rng = random.Random(seed_for(spec.root_seed, "translate", *direction, path, index))
                made.append(translate_caption(text, [(name, value) for name, value in facts], direction, rng, visible))
            row["captions"] = [one.text for one in made]
            row["processed_tokens"] = [re.findall(WORDS[spec.language], one.text.lower()) for one in made]
            truth[path] = {**entry, "visible": visible, "facts": [one.facts for one in made],
                           "phrases": [phrase_rows(one.text, one.target_phrases()) for one in made]}  # fmt: skip
            log[path] = [one.log() for one in made]
            progress(done, len(rows))
        for name, value in (("reid_raw.json", rows), ("truth.json", truth), ("translation.json", log)):
            (folder / name).write_text(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def count_errors(log: Mapping[str, Any]) -> dict[str, Any]:
    """Count the errors in a `translation.json`: {captions, wrong_captions, phrases, wrong_phrases, errors: {kind: n}}.

    A phrase is wrong if it has a harmful error, a caption (with its image: a pair) if it has a wrong phrase, as in
    section 5.2 of the paper. Harmless errors, and misspelt words of the source that stay untranslated, are counted by
    kind only. Phrases without a body region (the person) are not counted.
    """
    captions = [caption for image in log.values() for caption in image]
    phrases = [[p["wrong"] for p in caption["phrases"] if p["region"] is not None] for caption in captions]
    kinds = Counter(error["kind"] for caption in captions for error in caption["errors"])
    return {"captions": len(captions), "wrong_captions": sum(map(any, phrases)), "phrases": sum(map(len, phrases)),
            "wrong_phrases": sum(map(sum, phrases)), "errors": dict(sorted(kinds.items()))}  # fmt: skip


def _read(source: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Read the annotations and the truth of a synthetic dataset."""
    for name in ("reid_raw.json", "truth.json", "imgs", "labels"):
        if not (source / name).exists():
            raise UserError(f"{source}: no {name}; only a synthetic dataset can be translated: synthesize it first")
    rows, truth = (read_json(source / name) for name in ("reid_raw.json", "truth.json"))
    try:
        fit = all(_are_of_one_image(row, truth[row["file_path"]]) for row in rows)
    except (AttributeError, LookupError, TypeError):
        fit = False
    if not fit:
        raise UserError(f"{source}: reid_raw.json and truth.json do not belong together; synthesize the dataset again")
    return rows, truth


def _are_of_one_image(row: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether the captions of an image each have their facts, which are pairs of a name and a value."""
    pairs = [fact for facts in entry["facts"] for fact in facts]
    captions, visible = row["captions"], entry["visible"]
    whole = isinstance(captions, list) and len(captions) == len(entry["facts"]) and isinstance(visible, dict)
    return whole and all(isinstance(one, str) for one in captions) and all(len(pair) == 2 for pair in pairs)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)

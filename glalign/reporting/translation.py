"""Errors of machine translation in the translated datasets, beside the rate that Section 5.2 names."""

import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from glalign.config.typed_json import NOT_MADE
from glalign.evaluation.metrics import half_up, wilson
from glalign.evaluation.pair_errors import missed, read_found, wrongly_mapped
from glalign.evaluation.phrase_truth import FoundPhrase, TruePhrase
from glalign.planning.report_stages import TranslationRow, TranslationSpec
from glalign.reporting.plain_table import number, write_plain
from glalign.reporting.rank_cells import status_cells
from glalign.reporting.tex_text import escape
from glalign.storage.csv_files import read_rows
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for
from glalign.synthetic.captions.attributes import region_of
from glalign.synthetic.translation.translate import count_errors

Pair = tuple[str, int]
"""An image and the number of one of its captions."""

SHARE = ("wrong", "percent", "percent_lo", "percent_hi")
SIDES = ("with_mapping_", "end_to_end_", "phrase_", "source_", "target_")
CELLS = ("view", "pairs", *SHARE, "phrases", *(f"{side}{key}" for side in SIDES for key in SHARE))
"""Columns of a view.

wrong, percent: pairs wrong by translation. with_mapping_*: by translation, or because a found phrase has the region of
none of the phrases written there. end_to_end_*: by either, or because a phrase of a region is not found with its
region. source_*, target_*: captions that contradict the picture, in the language of either side.
"""

HEADS = {
    "label": ("Data set", escape), "direction": ("Languages", escape), "view": ("View", escape),
    "pairs": ("Pairs", number(0)), "wrong": ("Wrong", number(0)),
    "percent": ("\\%", number(2)), "percent_lo": ("from", number(2)), "percent_hi": ("to", number(2)),
    "with_mapping_percent": ("With mapping (\\%)", number(2)),
    "end_to_end_percent": ("End to end (\\%)", number(2)),
    "end_to_end_percent_lo": ("from", number(2)), "end_to_end_percent_hi": ("to", number(2)),
    "phrases": ("Phrases", number(0)), "phrase_percent": ("Wrong (\\%)", number(2)),
    "source_percent": ("Source (\\%)", number(2)), "target_percent": ("Target (\\%)", number(2)),
    "paper_percent": ("Paper (\\%)", number(2)),
}  # fmt: skip
NOTES = (
    "Pairs of an image and a caption; wrong: the translation of one of its phrases of a body part says something else "
    "than the source, with a 95\\,\\% Wilson interval. With mapping: or a found phrase has a part that none of the "
    "phrases written there has. End to end: or a phrase of a part is not found with its part. Source, target: captions "
    "of the same pairs, in either language, that contradict the picture on such a part. Paper: Section 5.2, one "
    "language, by eye; it checked whether the extracted phrases match their parts, which is nearest to end to end."
)


class View(NamedTuple):
    """All pairs of a dataset, or a sample of them. errors: kind -> how often; None where the errors are unknown."""

    names: dict[str, str]
    status: dict[str, str]
    cells: Mapping[str, str]
    errors: Mapping[str, int] | None


def make_translation(spec: TranslationSpec, csv: Path, tex: Path) -> None:
    """Write all pairs of every translated dataset, and a sample of as many as the paper judged (D33).

    Columns errors_*: how often each kind of error occurs, including harmless ones and those in phrases of no body part.
    The intervals treat phrases as independent. Raises: UserError for files that do not belong together.
    """
    shown = read_printed(spec.paper) if spec.show_paper_values else []
    printed = {row["dataset"]: _share(int(row["wrong"]), int(row["pairs"])) | row for row in shown}
    views = [view for row in spec.rows for view in _views(row, spec)]
    kinds = sorted({kind for view in views for kind in view.errors or {}})
    rows = []
    for view in views:
        counts = {kind: "" if view.errors is None else str(view.errors.get(kind, 0)) for kind in kinds}
        errors = {f"errors_{kind.replace(' ', '_')}": count for kind, count in counts.items()}
        paper = printed.get(view.names["label"], {})
        beside = {f"paper_{key}": paper.get(key, "") for key in ("pairs", *SHARE)}
        cells = {key: view.cells.get(key, "") for key in CELLS}
        rows.append(view.names | cells | errors | beside | view.status)
    write_plain(rows, HEADS, spec.title, csv, tex, NOTES)


def read_printed(path: Path | str) -> list[dict[str, str]]:
    """Read paper/translation.csv, the rate that Section 5.2 prints."""
    needed = ("dataset", "pairs", "wrong", "percent")
    return read_rows(path, columns=needed, remedy="restore it from the repository")


def contradicted(truth: Mapping[str, Any], pair: Pair) -> bool:
    """Whether a caption names a value of a body part that differs from the one visible in its image."""
    image, index = pair
    seen = truth[image]["visible"]
    return any(region_of(name) and seen.get(name, value) != value for name, value in truth[image]["facts"][index])


def end_to_end(
    log: Mapping[str, Any], truth: Mapping[str, Any], found: Mapping[Pair, Sequence[FoundPhrase]], pair: Pair
) -> tuple[bool, bool]:
    """Whether a pair is wrong by translation or mapping, and whether by these or because a phrase is missed."""
    image, index = pair
    written = truth[image]["phrases"][index]
    true = [TruePhrase(phrase["start"], phrase["end"], phrase["region"]) for phrase in written]
    translated = any(phrase["wrong"] for phrase in log[image][index]["phrases"] if phrase["region"] is not None)
    mapped = translated or wrongly_mapped(found[pair], true)
    return mapped, mapped or missed(found[pair], true)


def _views(row: TranslationRow, spec: TranslationSpec) -> Iterator[View]:
    """All pairs of a dataset, then the sample."""
    names = {"dataset": row.dataset, "label": row.label, "direction": f"{row.source_language} to {row.language}"}
    status = status_cells(not row.note, spec.profile, spec.data_note, row.note)
    if row.note:
        yield View(names, status, {}, None)
        return
    files: Any = [read_json(path, NOT_MADE) for path in (row.translation, row.truth, row.source_truth)]
    log, truth, source = files
    found = read_found(row.phrases)
    rng = random.Random(seed_for(spec.root_seed, "translation sample", row.dataset))
    try:
        pairs = [(image, index) for image, captions in log.items() for index in range(len(captions))]
    except (AttributeError, TypeError) as error:
        raise UserError(f"{row.translation}: no log of a translation ({error}); translate the dataset again") from error
    sample = sorted(rng.sample(pairs, min(spec.sample, len(pairs))))
    for view, chosen in (("all", pairs), (f"sample of {len(sample)}", sample)):
        try:
            counts = count_errors({str(pair): [log[pair[0]][pair[1]]] for pair in chosen})
            counted = [sum(contradicted(of, pair) for pair in chosen) for of in (source, truth)]
            steps = [end_to_end(log, truth, found, pair) for pair in chosen]
            counted += [sum(step[0] for step in steps), sum(step[1] for step in steps)]
        except (AttributeError, LookupError, TypeError) as error:
            paths = (row.translation, row.truth, row.source_truth, row.phrases)
            together = f"{', '.join(paths)}: do not belong together"
            raise UserError(f"{together} ({error!r}); translate the dataset again") from error
        cells = {"view": view, "pairs": str(len(chosen)), "phrases": str(counts["phrases"])}
        cells |= _share(counts["wrong_captions"], len(chosen))
        cells |= _share(counts["wrong_phrases"], counts["phrases"], "phrase_")
        for side, count in zip(("source_", "target_", "with_mapping_", "end_to_end_"), counted, strict=True):
            cells |= _share(count, len(chosen), side)
        yield View(names, status, cells, counts["errors"])


def _share(wrong: int, of: int, prefix: str = "") -> dict[str, str]:
    """A count, its share in percent and Wilson's interval; of nothing, the count alone."""
    shares = (100 * Fraction(wrong, of), *wilson(wrong, of)) if of else ()
    texts = (str(wrong), *(half_up(value) for value in shares))
    return {f"{prefix}{key}": text for key, text in zip(SHARE, texts, strict=False)}

"""What the systems cost: their size and multiply-adds (systems), the time and memory of their trainings (compute)."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from glalign.evaluation.metrics import half_up
from glalign.reporting.latex import escape
from glalign.reporting.plain_table import number, write_csv, write_plain
from glalign.storage.csv_files import read_rows
from glalign.storage.whole_files import read_json
from glalign.support.errors import UserError

LARGEST_DIFFERENCE = 3
"""Percent by which a parameter count may differ from the published one without an explanation."""

MEGA, GIGA = 10**6, 10**9


def make_systems(spec: Mapping[str, Any], csv_path: Path, tex_path: Path) -> None:
    """Table of the systems at their original size. spec: rows of {system, label, size (path), published, note, ...}.

    Raises: UserError for a count that differs from the published one by more than 3 % and is not explained.
    """
    rows = [_system(row, read_json(row["size"])) for row in spec["rows"]]
    write_plain(rows, SYSTEM_HEADS, spec["title"], csv_path, tex_path)


SYSTEM_HEADS = {
    "method": ("Method", escape),
    "parameters": ("Param. (M)", number(1, MEGA)),
    "trained": ("Trained (M)", number(1, MEGA)),
    "published": ("Published (M)", number(1, MEGA)),
    "image_multiply_adds": ("Image (G)", number(2, GIGA)),
    "caption_multiply_adds": ("Caption (G)", number(2, GIGA)),
    "query_multiply_adds": ("Query (G)", number(4, GIGA)),
    "embedding": ("Embedding", number(0)),
}


def _system(row: Mapping[str, Any], size: Mapping[str, Any]) -> dict[str, str]:
    published = int(row["published"]) if row["published"] else None
    difference = None if published is None else Fraction(100 * (size["parameters"] - published), published)
    if difference is not None and abs(difference) > LARGEST_DIFFERENCE and not row["note"]:
        raise UserError(
            f"{row['system']}: {size['parameters']} parameters, {half_up(difference)} % from the published "
            f"{published}; explain it in the note of paper/parameters.csv"
        )
    adds = size["multiply_adds"]
    return {
        "system": row["system"],
        "method": row["label"],
        "parameters": str(size["parameters"]),
        "trained": str(size["trained"]),
        "published": "" if published is None else str(published),
        "difference_percent": "" if difference is None else half_up(difference),
        "image_multiply_adds": str(adds["image"]),
        "caption_multiply_adds": str(adds["caption"]),
        "query_multiply_adds": str(adds["query"]),
        "embedding": str(size["embedding"]),
        "image_numbers": str(size["stored"]["image"]),
        "caption_numbers": str(size["stored"]["caption"]),
        "image_size": "x".join(map(str, row["image_size"])),
        "source": row["source"],
        "note": row["note"],
    }


def make_compute(spec: Mapping[str, Any], csv_path: Path) -> None:
    """Wall time, CPU time and peak memory of every training and scoring, from Snakemake's benchmark files.

    spec: rows of {stage, system, trainset, testset, seed, benchmark (path), run (path or None)}. Raises: UserError for
    a file that is no benchmark.
    """
    rows = []
    for row in spec["rows"]:
        measured = _benchmark(row["benchmark"])
        run = read_json(row["run"]) if row["run"] else {}
        names = {key: str(row[key]) for key in ("stage", "system", "trainset", "testset", "seed")}
        times = {"wall_s": measured["s"], "cpu_s": measured["cpu_time"], "peak_mib": measured["max_rss"]}
        rows.append(names | times | {key: str(run.get(key, "")) for key in ("parameters", "steps", "pairs")})
    write_csv(rows, csv_path)


def _benchmark(path: str) -> dict[str, str]:
    try:
        return read_rows(path, columns=("s", "cpu_time", "max_rss"), delimiter="\t")[-1]
    except (UserError, IndexError) as error:
        raise UserError(f"{path}: not a benchmark of Snakemake ({error}); delete it and run its job again") from error

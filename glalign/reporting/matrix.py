"""Beyond the paper: every system in every scenario whose language it reads, and the spread over seeds."""

import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from glalign.evaluation.metrics import KS, half_up, share_interval, spread
from glalign.reporting.latex import escape
from glalign.reporting.partial_releases import stated, with_note
from glalign.reporting.plain_table import booktabs, write_csv
from glalign.storage.whole_files import read_json, write_text


def make_matrix(spec: Mapping[str, Any], csv_path: Path, tex_path: Path) -> None:
    """Write one row per cell as CSV, and Rank-1 of systems by scenarios as LaTeX.

    spec: title, scenarios (in order), rows of {system, label, scenario, status, note, metrics (a path per
    seed), competes (whether it can be the best: references cannot)}.
    """
    spec = stated(spec)
    cells = [_cell(row, [read_json(path) for path in row["metrics"]], spec) for row in spec["rows"]]
    write_csv(cells, csv_path)
    labels = {row["system"]: row["label"] for row in spec["rows"]}
    rank1 = {(cell["system"], cell["scenario"]): cell["rank1"] for cell in cells}
    competing = {row["system"] for row in spec["rows"] if row["competes"]}
    best = {
        scenario: max(
            (Fraction(v) for (name, s), v in rank1.items() if s == scenario and v and name in competing), default=None
        )
        for scenario in spec["scenarios"]
    }
    lines = []
    for system, label in labels.items():
        values = [rank1.get((system, scenario)) for scenario in spec["scenarios"]]
        goals = [best[scenario] if system in competing else None for scenario in spec["scenarios"]]
        marked = [_marked(value, goal) for value, goal in zip(values, goals, strict=True)]
        lines.append([escape(label), *marked])
    notes = "Rank-1 in percent; --: not run, or another language. The best trained system of each scenario bold."
    heads = ["Method", *spec["scenarios"]]
    write_text(tex_path, booktabs(heads, lines, "l" + "r" * len(spec["scenarios"]), spec["title"], tex_path, notes))


def _marked(value: str | None, best: Fraction | None) -> str:
    if not value:
        return "--"
    return f"\\textbf{{{value}}}" if Fraction(value) == best else value


def _cell(row: Mapping[str, Any], results: Sequence[Mapping[str, Any]], spec: Mapping[str, Any]) -> dict[str, str]:
    cell = {"system": row["system"], "method": row["label"], "scenario": row["scenario"]}
    for k in KS:
        ours = low = high = ""
        if results:
            n, draws = results[0]["n_queries"], len(results[0].get("draws", {}).get("rank1", []))
            share = Fraction(sum(found["hits"][str(k)] for found in results), n * len(results))
            ours = half_up(100 * share)
            low, high = (half_up(bound) for bound in share_interval(share, n, draws))
        cell |= {f"rank{k}": ours, f"rank{k}_lo": low, f"rank{k}_hi": high}
    for name in ("map", "minp"):
        cell[name] = half_up(statistics.fmean(found[name] for found in results)) if results else ""
    for name in ("n_queries", "n_gallery"):
        cell[name] = str(results[0][name]) if results else ""
    return cell | {
        "seeds": str(len(results) or ""),
        "status": "reproduced" if results else "not run",
        "profile": spec["profile"],
        "note": "; ".join(note for note in (spec["data_note"] if results else "", row["note"]) if note),
    }


def make_seeds(spec: Mapping[str, Any], csv_path: Path) -> None:
    """Mean and sample standard deviation over the configured seeds of Rank-k, mAP and mINP, one row per cell that ran.

    With one seed the deviation is empty: a single number has none. spec: as `make_matrix`, and `seeds`.
    """
    rows, notes = [], []
    for row in stated(spec)["rows"]:
        results = [read_json(path) for path in row["metrics"]]
        if not results:
            continue
        cell = {"system": row["system"], "method": row["label"], "scenario": row["scenario"]}
        cell["seeds"] = " ".join(str(seed) for seed in spec["seeds"][: len(results)])
        for name in (*(f"rank{k}" for k in KS), "map", "minp"):
            mean, deviation = spread([found[name] for found in results])
            cell[f"{name}_mean"] = half_up(mean)
            cell[f"{name}_sd"] = "" if deviation is None else half_up(deviation)
        draws = [value for found in results for value in found.get("draws", {}).get("rank1", [])]
        cell["rank1_sd_of_draws"] = half_up(statistics.stdev(draws)) if len(draws) > 1 else ""
        cell["profile"] = spec["profile"]
        rows.append(cell)
        notes.append(row["note"])
    write_csv(with_note(rows, notes), csv_path)

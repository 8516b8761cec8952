"""The report on a dataset directory, for people."""

from typing import Any

from glalign.data.release import OFFICIAL, SOURCES

LISTED = 5
"""Examples per kind of trouble; `--json` has them all."""


def describe(report: dict[str, Any]) -> str:
    """Tables of folders and splits, what is wrong with examples, and how to get what is missing."""
    parts = [
        f"CUHK-PEDES at {report['root']}",
        _table("folder", report["folders"], ("annotated", "present", "missing", "undecodable", "not_annotated")),
        _splits(report),
        *_troubles(report),
        _verdict(report),
    ]
    return "\n\n".join(parts)


def _table(head: str, rows: dict[str, dict[str, Any]], columns: tuple[str, ...]) -> str:
    width = max([len(head), *map(len, rows)])
    lines = [f"{head:<{width}}" + "".join(f"  {c.replace('_', ' '):>13}" for c in columns)]
    for name, values in rows.items():
        lines.append(f"{name:<{width}}" + "".join(f"  {values[c]:>13}" for c in columns))
    return "\n".join(lines)


def _splits(report: dict[str, Any]) -> str:
    rows = {}
    for name, counts in report["splits"].items():
        off = report["difference"].get(name)
        rows[name] = {what: f"{n:,} ({off[what]:+,})" if off and off[what] else f"{n:,}" for what, n in counts.items()}
    return _table("split", rows, ("ids", "images", "captions")) + "\nIn brackets: difference from the official release."


def _troubles(report: dict[str, Any]) -> list[str]:
    kinds = (
        ("problems", "wrong entries"),
        ("missing", "annotated images that are not there"),
        ("undecodable", "images that do not decode"),
        ("not_annotated", "files that no entry names (harmless)"),
    )
    found = []
    for key, title in kinds:
        if items := report[key]:
            rest = [f"  ... and {len(items) - LISTED} more (all with --json)"] if len(items) > LISTED else []
            found.append("\n".join([f"{len(items):,} {title}:", *(f"  {item}" for item in items[:LISTED]), *rest]))
    return found


def _verdict(report: dict[str, Any]) -> str:
    lines = []
    if report["official"] and report["ok"]:
        lines.append("Complete: this is the official release, every image decodes.")
    elif report["ok"]:
        absent = [name for name in OFFICIAL if not report["splits"][name]["images"]]
        what = f" (no {' and no '.join(absent)})" if absent else ""
        lines.append(f"Consistent: every annotated image is there and decodes; but not the official release{what}.")
        lines.append("Numbers from it must not stand beside published ones.")
    if report["problems"]:
        lines.append("Wrong entries: correct reid_raw.json at the entries above, or fetch it again.")
    if report["missing"] or report["undecodable"]:
        lacking = [f for f, counts in report["folders"].items() if counts["missing"] or counts["undecodable"]]
        sources = sorted({SOURCES[folder] for folder in lacking if folder in SOURCES})
        lines.append(f"Incomplete below imgs/: {', '.join(lacking)}.")
        lines.append(
            "CUHK-PEDES is given out by its authors by e-mail, for research; recent recipients got only some folders: "
            "ask them for the rest, unpack it to imgs/<folder>/ and verify again."
        )
        if sources:
            lines.append(f"The images of these folders were taken from {', '.join(sources)}.")
    return "\n".join(lines)

"""Format the report on a dataset directory as text."""

from pathlib import PurePath
from typing import Any

from glalign.contract.formats import FORMATS
from glalign.data.published_releases import RELEASES
from glalign.support.errors import printable

LISTED = 5
"""Examples per kind of problem; `--json` has them all."""


def describe(report: dict[str, Any]) -> str:
    """Format tables of folders and splits, problems with examples and their remedies, in `printable` lines."""
    title = f"{FORMATS[report['dataset']].title} at {report['root']}"
    kinds = ("annotated", "present", "missing", "undecodable", "not_annotated")
    folders = _table("folder", report["folders"], kinds)
    remarks = ["What limits results:", *(f"  {line}" for line in report["remarks"])] if report["remarks"] else []
    blocks = [[title], folders, _splits(report), *_problems(report), remarks, _verdict(report)]
    return "\n\n".join("\n".join(map(printable, lines)) for lines in blocks if lines)


def _table(head: str, rows: dict[str, dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    names = [printable(name) for name in rows]
    width = max([len(head), *map(len, names)])
    lines = [f"{head:<{width}}" + "".join(f"  {c.replace('_', ' '):>13}" for c in columns)]
    for name, values in zip(names, rows.values(), strict=True):
        lines.append(f"{name:<{width}}" + "".join(f"  {values[c]:>13}" for c in columns))
    return lines


def _splits(report: dict[str, Any]) -> list[str]:
    rows = {}
    for name, counts in report["splits"].items():
        off = report["difference"].get(name, {})
        rows[name] = {what: f"{n:,} ({off[what]:+,})" if off.get(what) else f"{n:,}" for what, n in counts.items()}
    published = RELEASES[report["release"]]
    about = f"In brackets: difference from the official {published.title}, {published.source}."
    return [*_table("split", rows, ("ids", "images", "captions")), f"{about} {published.remark}".rstrip()]


def _problems(report: dict[str, Any]) -> list[list[str]]:
    kinds = (
        ("problems", "wrong entries"),
        ("missing", "annotated images that are not there"),
        ("ids_without_images", "ids of which no image is there"),
        ("undecodable", "images that do not decode"),
        ("not_annotated", "files that no entry names (harmless)"),
    )
    found = []
    for key, title in kinds:
        if items := report[key]:
            rest = [f"  ... and {len(items) - LISTED} more (all with --json)"] if len(items) > LISTED else []
            found.append([f"{len(items):,} {title}:", *(f"  {item}" for item in items[:LISTED]), *rest])
    return found


def _verdict(report: dict[str, Any]) -> list[str]:
    published, lines = RELEASES[report["release"]], []
    if report["official"] and report["ok"]:
        lines.append("Complete: this is the official release, every image decodes.")
    elif report["ok"]:
        absent = [name for name in report["expected"] if not report["splits"][name]["images"]]
        what = f" (no {' and no '.join(absent)})" if absent else ""
        lines.append(f"Consistent: every annotated image is there and decodes; but not the official release{what}.")
        lines.append("Numbers from it must not stand beside published ones.")
    if report["problems"]:
        lines.append(f"Wrong entries: correct {report['annotations']['file']} at the entries above, or fetch it again.")
    if report["missing"] or report["undecodable"]:
        folders = report["folders"]
        lacking = [f for f, counts in folders.items() if counts["missing"] or counts["undecodable"]]
        absent = [f for f in lacking if not folders[f]["present"]]
        lines.append(f"Incomplete below {PurePath(report['images']).name}/: {', '.join(lacking)}.")
        if absent:
            lines.append(f"Not there at all: {', '.join(absent)}.")
    if report["undecodable"]:
        lines.append("Images that do not decode have to be fetched again; no setting leaves them out.")
    if not report["images_there"]:
        advice = "name the images' own (`--images NAME`; `images:` of the dataset), or ask for the images."
        lines.append(f"{report['images']} is no folder: {advice}")
    if report["missing"]:
        lines.append(published.ask)
        sources = [f"{f} ({published.folders[f]})" for f in lacking if published.folders.get(f, f) != f]
        if sources:
            lines.append(f"Folders whose images were taken from another dataset: {', '.join(sources)}.")
    if report["missing"] and report["images_there"]:
        lines.append("To use what is there, say `allow_partial: true` in the dataset's entry: every table will say so.")
    return lines

"""The text of an estimate: a table by system, its total, the disk and the assumptions."""

from collections.abc import Mapping
from typing import Any

HEADS = ("system", "trainings", "steps", "hours", "predictions", "hours", "GB kept")
GB = 1e9


def render_estimate(found: Mapping[str, Any]) -> str:
    """Format what `glalign.cost.estimate.estimate` returns."""
    from tabulate import tabulate  # noqa: PLC0415

    lines = [_line(row["system"], row) for row in found["systems"]]
    align = ("left", *["right"] * (len(HEADS) - 1))
    table = tabulate([*lines, _line("total", found["total"])], HEADS, colalign=align, disable_numparse=True)
    data = ", ".join(f"{name} {counts['images']:,} images" for name, counts in found["datasets"].items())
    disk, assumed, hours = found["disk"], found["assumed"], found["total"]
    summary = [
        f"{hours['training_hours'] + hours['prediction_hours']:,.1f} device hours at {assumed['tflops']:g} Tflop/s, "
        f"of which {assumed['utilisation']:.0%} are reached (plan.tflops, plan.utilisation): an estimate",
        f"{disk['total'] / GB:,.1f} GB: models and ranks {disk['models_and_ranks'] / GB:,.1f}, label maps "
        f"{disk['label_maps'] / GB:,.1f}, a checkpoint {disk['checkpoint'] / GB:,.1f} while a training runs, at most",
        f"data: {data or 'none'}",
    ]
    return "\n".join([table, "", *summary, *(f"not counted: {reason}" for reason in found["unknown"])])


def _line(name: str, row: Mapping[str, Any]) -> list[str]:
    def hours(value: float | None) -> str:
        return "-" if value is None else f"{value:,.2f}"

    counts = [f"{row[key]:,}" for key in ("trainings", "steps", "predictions")]
    times = [hours(row[key]) for key in ("training_hours", "prediction_hours")]
    return [name, counts[0], counts[1], times[0], counts[2], times[1], f"{row['bytes'] / GB:,.2f}"]

"""Plans of the demo with changes."""

from pathlib import Path

from glalign.config.loading import layered, merge, resolve
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported

ROOT = Path(__file__).parents[2]


EVERY_STAGE = {"sensitivity": {"readings": {name: {"about": name} for name in ("D18_stripes", "D21_paper")}}}
"""Readings with which every stage has a job."""

REPORTED = read_reported(ROOT / "paper" / "reported")


def planned(overlay: dict | None = None) -> Plan:
    """Plan of the demo with an overlay."""
    return make_plan(resolve(merge(layered(root=ROOT), overlay or {})), REPORTED)

"""Plans of config.yaml with changes."""

from pathlib import Path

import yaml

from glalign.config.loading import merge, resolve
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported

ROOT = Path(__file__).parents[2]


REPORTED = read_reported(ROOT / "paper" / "reported")


def planned(overlay: dict | None = None) -> Plan:
    """Plan of the demo with an overlay."""
    written = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return make_plan(resolve(merge(written, overlay or {})), REPORTED)

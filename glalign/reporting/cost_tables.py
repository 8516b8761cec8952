"""The table of costs: size and multiply-adds of the systems."""

from fractions import Fraction
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import SizeRecord
from glalign.evaluation.metrics import half_up
from glalign.planning.cost_stages import SystemRow, SystemsSpec
from glalign.reporting.plain_table import number, write_plain
from glalign.reporting.tex_text import escape
from glalign.support.errors import UserError

LARGEST_DIFFERENCE = 3  # percent by which a parameter count may differ from the published one unexplained
MEGA, GIGA = 10**6, 10**9

SYSTEM_HEADS = {
    "method": ("Method", escape), "parameters": ("Param. (M)", number(1, MEGA)),
    "trained": ("Trained (M)", number(1, MEGA)), "published": ("Published (M)", number(1, MEGA)),
    "image_multiply_adds": ("Image (G)", number(2, GIGA)), "caption_multiply_adds": ("Caption (G)", number(2, GIGA)),
    "query_multiply_adds": ("Query (G)", number(4, GIGA)), "embedding": ("Embedding", number(0)),
}  # fmt: skip


def make_systems(spec: SystemsSpec, csv: Path, tex: Path) -> None:
    """Write the table of the systems. Raises: UserError for a count off the published by over 3 % without a note."""
    write_plain([_system(row) for row in spec.rows], SYSTEM_HEADS, spec.title, csv, tex)


def _system(row: SystemRow) -> dict[str, str]:
    size = read_typed(row.size, SizeRecord)
    published = int(row.published) if row.published else None
    difference = None if published is None else Fraction(100 * (size.parameters - published), published)
    if difference is not None and abs(difference) > LARGEST_DIFFERENCE and not row.note:
        differs = f"{row.system}: {size.parameters} parameters, {half_up(difference)} % from the published {published}"
        raise UserError(f"{differs}; explain it in the note of paper/parameters.csv")
    cells = {"system": row.system, "method": row.label}
    cells |= {"parameters": str(size.parameters), "trained": str(size.trained)}
    cells["published"] = "" if published is None else str(published)
    cells["difference_percent"] = "" if difference is None else half_up(difference)
    cells |= {f"{of}_multiply_adds": str(count) for of, count in size.multiply_adds}
    cells["embedding"] = str(size.embedding)
    cells |= {f"{of}_numbers": str(count) for of, count in size.stored}
    return {**cells, "image_size": "x".join(map(str, row.image_size)), "source": row.source, "note": row.note}

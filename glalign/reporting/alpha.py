"""The table of the weights of the global branch (D29)."""

from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import AlphaScores
from glalign.evaluation.metrics import half_up
from glalign.planning.alpha_stages import AlphaTableSpec
from glalign.reporting.partial_releases import partial_note, with_note_column, with_partial_title
from glalign.reporting.plain_table import number, write_plain

HEADS = {
    "alpha": ("$\\alpha$", number(1)),
    "rank1_score": ("As trained", number(2)),
    "rank1_global": ("Global score", number(2)),
    "rank1_local": ("Local score", number(2)),
    "selected_step": ("Step", number(0)),
}


def make_alpha(spec: AlphaTableSpec, csv: Path, tex: Path) -> None:
    """Write validation Rank-1 per weight of the global branch, by three scores, as CSV and LaTeX."""
    found, note = read_typed(spec.scores, AlphaScores), partial_note([spec])
    rows = []
    for row in found.rows:
        cells = {"system": found.system, "trainset": found.trainset, "alpha": str(row.alpha)}
        for branch, rank1 in (("score", row.score), ("global", row.global_), ("local", row.local)):
            cells[f"rank1_{branch}"] = half_up(rank1)
        rows.append({**cells, "selected_step": str(row.selected_step), "profile": spec.profile})
    lines, title = with_note_column(rows, [note] * len(rows)), with_partial_title(spec.title, [spec])
    write_plain(lines, HEADS, title, csv, tex, "Rank-1 in percent on the validation identities.")

"""The order of a table's systems over the seeds: which places are told apart, and which are not."""

from pathlib import Path

from glalign.evaluation.metrics import half_up
from glalign.evaluation.seed_order import seed_order
from glalign.planning.order_stages import OrderSpec
from glalign.reporting.partial_releases import join_notes, with_partial_notes
from glalign.reporting.plain_table import write_csv
from glalign.reporting.rank_cells import read_metrics


def make_order(spec: OrderSpec, csv: Path) -> None:
    """Write one row per system that ran, best mean Rank-1 first.

    tier: systems of one tier are not told apart by these seeds; every one of a tier lies above every one of the next in
    every seed. difference, difference_sd, holds: against the next row. A system without runs has no row.
    """
    rows = {row.label: row for row in with_partial_notes(spec.rows) if row.metrics}
    places = seed_order({label: [record.rank1 for record in read_metrics(row)] for label, row in rows.items()})
    lines = [
        {
            "method": place.name,
            "tier": str(place.tier),
            "rank1": half_up(sum(place.scores) / len(place.scores)),
            "rank1_of_seeds": " ".join(map(half_up, place.scores)),
            "difference": "" if place.difference is None else half_up(place.difference),
            "difference_sd": "" if place.deviation is None else half_up(place.deviation),
            "holds": "" if place.holds is None else f"{place.holds} of {len(place.scores)}",
            "profile": spec.profile,
            "note": join_notes(spec.data_note, rows[place.name].note),
        }
        for place in places
    ]
    write_csv(lines, csv)

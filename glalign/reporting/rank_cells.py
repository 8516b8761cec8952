"""Cells of measured ranks, for the paper's tables and for the matrix. Means are over seeds; empty where nothing ran."""

import statistics
from collections.abc import Sequence
from fractions import Fraction

from glalign.config.typed_json import read_typed
from glalign.contract.results import MetricsRecord
from glalign.evaluation.metrics import half_up, share_interval
from glalign.planning.table_stages import Row
from glalign.reporting.partial_releases import join_notes
from glalign.support.errors import UserError


def read_metrics(row: Row) -> list[MetricsRecord]:
    """The metrics of a row, one record per seed.

    Raises: UserError for a file that is not such a record, or seeds that ranked different queries or galleries.
    """
    records = [read_typed(path, MetricsRecord) for path in row.metrics]
    sizes = {(record.n_queries, record.n_gallery) for record in records}
    if len(sizes) > 1:
        raise UserError(
            f"{row.system}: its seeds ranked different queries or galleries {sorted(sizes)}; run them again"
        )
    return records


def rank_percentage(records: Sequence[MetricsRecord], k: int) -> Fraction | None:
    """Rank-k in percent, exact; None without records."""
    if not records:
        return None
    return Fraction(100 * sum(one.hits[str(k)] for one in records), records[0].n_queries * len(records))


def rank_cells(records: Sequence[MetricsRecord], k: int) -> dict[str, str]:
    """rank{k}, and rank{k}_lo and _hi: Wilson's interval of that share for the queries of ONE seed.

    Seeds rank the same queries, so they add no queries to the interval; their spread is shown apart.
    """
    rank = rank_percentage(records, k)
    values: Sequence[Fraction | float] = ()
    if rank is not None:
        draws = records[0].draws
        n_draws = len(draws.rank1) if draws else 0
        values = (rank, *share_interval(rank / 100, records[0].n_queries, n_draws))
    texts = [half_up(value) for value in values] or ["", "", ""]
    return dict(zip((f"rank{k}", f"rank{k}_lo", f"rank{k}_hi"), texts, strict=True))


def mean_cells(records: Sequence[MetricsRecord]) -> dict[str, str]:
    """map, minp, n_queries, n_gallery, seeds (how many)."""
    if not records:
        return dict.fromkeys(("map", "minp", "n_queries", "n_gallery", "seeds"), "")
    return {
        "map": half_up(statistics.fmean(one.map for one in records)),
        "minp": half_up(statistics.fmean(one.minp for one in records)),
        "n_queries": str(records[0].n_queries),
        "n_gallery": str(records[0].n_gallery),
        "seeds": str(len(records)),
    }


def status_cells(ran: bool, profile: str, *notes: str) -> dict[str, str]:
    """status, profile, note: the columns that end a row."""
    return {"status": "reproduced" if ran else "not run", "profile": profile, "note": join_notes(*notes)}

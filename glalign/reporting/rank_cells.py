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
    """The metrics of a row, one record per seed. Raises: UserError for seeds with other queries or galleries."""
    records = [read_typed(path, MetricsRecord) for path in row.metrics]
    sizes = {(record.n_queries, record.n_gallery) for record in records}
    if len(sizes) > 1:
        differ = f"its seeds ranked different queries or galleries {sorted(sizes)}"
        raise UserError(f"{row.system}: {differ}; run them again")
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
    rank, names = rank_percentage(records, k), (f"rank{k}", f"rank{k}_lo", f"rank{k}_hi")
    if rank is None:
        return dict.fromkeys(names, "")
    draws = len(records[0].draws.rank1) if records[0].draws else 0
    values: tuple[Fraction | float, ...] = (rank, *share_interval(rank / 100, records[0].n_queries, draws))
    return {name: half_up(value) for name, value in zip(names, values, strict=True)}


def draw_cells(records: Sequence[MetricsRecord]) -> dict[str, str]:
    """rank1_sd_of_draws, rank1_min_of_draws, rank1_max_of_draws: spread of Rank-1 over all draws of all seeds.

    sd: sample standard deviation.
    """
    values = [value for record in records if record.draws for value in record.draws.rank1]
    found = (statistics.stdev(values), min(values), max(values)) if len(values) > 1 else None
    cells = map(half_up, found) if found else ("", "", "")
    return {f"rank1_{name}_of_draws": cell for name, cell in zip(("sd", "min", "max"), cells, strict=True)}


def mean_cells(records: Sequence[MetricsRecord]) -> dict[str, str]:
    """map, minp, n_queries, n_gallery, seeds (how many)."""
    names = ("map", "minp", "n_queries", "n_gallery", "seeds")
    if not records:
        return dict.fromkeys(names, "")
    means = (half_up(statistics.fmean(getattr(one, name) for one in records)) for name in names[:2])
    sizes = (records[0].n_queries, records[0].n_gallery, len(records))
    return dict(zip(names, (*means, *map(str, sizes)), strict=True))


def status_cells(ran: bool, profile: str, data_note: str, *notes: str, failed: Sequence[str] = ()) -> dict[str, str]:
    """status, profile, note: the columns that end a row; the data note only where something of ours stands.

    failed: logs of the jobs that failed before it.
    """
    note = join_notes(data_note if ran else "", *notes, f"see {', '.join(failed)}" if failed else "")
    return {"status": "reproduced" if ran else "failed" if failed else "not run", "profile": profile, "note": note}

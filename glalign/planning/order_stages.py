"""The order of a results table's systems over the training seeds; made where it is asked for, as by `make seeds`."""

from collections.abc import Iterator

from glalign.contract.specs.base import Spec
from glalign.planning.draft import Draft, unique
from glalign.planning.printed_tables import SCENARIO_OF
from glalign.planning.stage import Job, Stage
from glalign.planning.table_stages import Row, TableSpec


class OrderSpec(Spec):
    """The trained systems of a table, each with the metrics of every seed."""

    rows: tuple[Row, ...]
    profile: str
    data_note: str


def plan_order(draft: Draft) -> Iterator[Job]:
    """The printed systems of tables 4 to 10 that train. One seed has no order over seeds, and no system has none."""
    few = len(draft.config.seeds) < 2
    for table in SCENARIO_OF:
        spec = draft.jobs["table"][str(table)].spec
        assert isinstance(spec, TableSpec)
        rows = tuple(row.model_copy(update={"runs": (), "paper_row": None}) for row in spec.rows if row.competes)
        files = unique(path for row in rows for path in (*row.metrics, *row.partial.values()))
        refused = ""
        if few:
            refused = "configuration: seeds: an order takes two or more; add --configfile config/seeds.yaml"
        elif not any(row.metrics for row in rows):
            refused = f"configuration: systems: none of table {table} trains, there is no order; add one"
        yield Job(
            {"table": str(table)}, OrderSpec.from_fields_of(draft.config, rows=rows), inputs=files, refused=refused
        )


STAGES: tuple[Stage, ...] = (
    Stage(
        name="order", key="{table}", outputs={"csv": "order{table}.csv"},
        function="glalign.reporting.seed_order.make_order", plan=plan_order,
        about="Write which order of a table's systems holds in every seed.",
    ),
)  # fmt: skip

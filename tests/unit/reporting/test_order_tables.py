"""The report on the order of a table's systems over the seeds."""

import csv
from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import matrix_row, metrics_file

from glalign.config.loading import overlaid
from glalign.planning.order_stages import OrderSpec
from glalign.reporting.seed_order import make_order
from glalign.support.errors import UserError


def test_a_row_says_how_far_the_next_is_and_in_how_many_seeds(tmp_path: Path) -> None:
    hits = {"IRRA": (400, 440, 420), "PLOT": (408, 416, 400), "ViTAA": (80, 160, 120)}
    rows = tuple(
        matrix_row(
            name, "SE1", [metrics_file(tmp_path / f"{name}{n}.json", [one, 600, 700]) for n, one in enumerate(ones)]
        )
        for name, ones in reversed(hits.items())
    )
    empty = matrix_row("SRCF", "SE1", [])
    make_order(OrderSpec(rows=(empty, *rows), profile="demo", data_note="synthetic people"), tmp_path / "order4.csv")
    found = list(csv.DictReader((tmp_path / "order4.csv").open(encoding="utf-8")))
    assert [(row["method"][:4], row["tier"], row["rank1"], row["holds"]) for row in found] == [
        ("IRRA", "1", "52.50", "2 of 3"),
        ("PLOT", "1", "51.00", "3 of 3"),
        ("VITA", "2", "15.00", ""),
    ]
    assert found[0]["rank1_of_seeds"] == "50.00 55.00 52.50"
    assert (found[0]["difference"], found[0]["difference_sd"]) == ("1.50", "2.18")  # of -1, 3 and 2.5
    assert found[2]["note"] == "synthetic people"


def test_it_reads_the_metrics_of_every_seed_of_what_trains() -> None:
    job = planned({"seeds": [0, 1, 2]}).job("order", table=4)
    assert isinstance(job.spec, OrderSpec)
    assert "results/metrics/irra/cuhk_en/seed2/cuhk_en.json" in job.inputs
    assert {len(row.metrics) for row in job.spec.rows} == {3}
    assert len(job.inputs) == 27
    assert "results/order4.csv" not in planned({"seeds": [0, 1]}).targets()


def test_seed_0_is_the_run_that_is_there_already() -> None:
    ids = {"system": "irra", "trainset": "cuhk_en", "seed": 0}
    assert planned({"seeds": [0, 1, 2]}).job("fit", **ids) == planned().job("fit", **ids)


def test_an_order_of_no_system_is_refused() -> None:
    systems = {name: {"class": None} for name in overlaid().systems}
    with pytest.raises(UserError, match=r"^configuration: systems: none of table 8 trains"):
        planned({"seeds": [0, 1], "systems": systems}).job("order", table=8)


def test_one_seed_is_refused_with_the_overlay_that_has_more() -> None:
    with pytest.raises(
        UserError, match=r"^configuration: seeds: an order takes two or more; add .*config/seeds\.yaml$"
    ):
        planned().job("order", table=4)

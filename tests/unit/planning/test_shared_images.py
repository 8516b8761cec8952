"""Two releases that were cut from one dataset may show the same people: the plan warns, and every such row says so."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.plans import planned
from helpers.tables import matrix_row, metrics_file

from glalign.cli.main import main
from glalign.contract.formats import FORMATS
from glalign.contract.image_sources import CUHK_FOLDERS, IMAGES_FROM, images_from
from glalign.planning.table_stages import MatrixSpec
from glalign.reporting.matrix import make_matrix
from glalign.support.errors import UserError

ICFG = {"label": "ICFG-PEDES", "people": "icfg", "format": "icfg_pedes", "root": "data/icfg", "holdout": 9}
ICFG |= {"splits": {"val": None}}
RSTP = {"label": "RSTPReid", "people": "rstp", "format": "rstpreid", "root": "data/rstp", "holdout": 0}
RSTP |= {"splits": {"train": "train", "val": "val", "test": "test"}}
SENTENCE = "ICFG-PEDES and RSTPReid are both cut from MSMT17: people of the test may have been trained on"


def datasets(train: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """Overlay: SE1 trains and tests on one dataset, SE2 on the other, SE3 on one and then on the other."""
    return {"datasets": {"cuhk_en": train, "v2e": test, "cuhk_vi": {"translated": None}}}


def test_the_plan_warns_and_every_table_with_such_a_row_says_so() -> None:
    plan = planned(datasets(ICFG, RSTP))
    assert plan.warnings == (
        f"scenarios.SE3: {SENTENCE}; every table with such a row says so",
        f"scenarios.SE4: {SENTENCE}; every table with such a row says so",
    )
    found = {}
    for stage in ("table", "matrix", "seeds", "mcnemar"):
        for key, job in plan.jobs[stage].items():
            spec = job.spec.to_json()
            for row in (*spec.get("rows", ()), *spec.get("tests", ())):
                if row["shared"]:
                    assert row["shared"] == [SENTENCE]
                    found.setdefault(f"{stage} {key}", set()).add(row.get("scenario") or row["scenarios"])
    assert found == {
        **{f"table {name}": {"SE3"} for name in ("6", "6_extended")},
        **{f"table {name}": {"SE4"} for name in ("7", "7_extended")},
        **{name: {"SE3", "SE4"} for name in ("matrix matrix", "seeds seeds")},
        "mcnemar mcnemar": {"SE3", "SE4"},
    }
    rows = plan.jobs["matrix"]["matrix"].spec.rows
    assert not any(row.shared for row in rows if row.system in ("clip_zero_shot", "random", "oracle"))


@pytest.mark.parametrize(
    ("train", "test", "warned"),
    [
        (ICFG, {**RSTP, "images_from": ["my own"]}, False),
        ({**ICFG, "images_from": ["Msmt-17"]}, RSTP, True),
        (ICFG, {**ICFG, "people": "icfg_again"}, True),
        ({"root": "data/cuhk"}, {**RSTP, "format": "cuhk_pedes", "people": "part of cuhk"}, True),
        ({"root": "data/cuhk"}, RSTP, False),
        ({"root": "data/cuhk"}, {**RSTP, "images_from": ["Market-1501"]}, True),
        ({**ICFG, "root": None}, {**RSTP, "root": None}, False),
    ],
)
def test_sources_are_facts_of_the_format_unless_said_otherwise(train: dict, test: dict, warned: bool) -> None:
    assert bool(planned(datasets(train, test)).warnings) == warned


def test_one_dataset_of_the_same_people_is_left_to_their_numbers() -> None:
    assert planned(datasets({"root": "data/cuhk"}, {**ICFG, "people": "cuhk", "format": "cuhk_pedes"})).warnings == ()
    with pytest.raises(UserError, match="scores the split 'test' of people 'cuhk', which"):
        planned(
            datasets({"root": "data/cuhk", "splits": {"train": "test", "test": "train"}}, {**RSTP, "people": "cuhk"})
        )


def test_every_release_has_sources_and_dialects_follow_the_label() -> None:
    assert {images_from(kind, "") for kind in FORMATS} == set(IMAGES_FROM.values())
    assert set(images_from("cuhk_pedes", "x")) == set(CUHK_FOLDERS.values())
    assert images_from("aptm", "ICFG-PEDES") == ("MSMT17",)
    assert images_from("icfg_pedes", "CUHK-PEDES") == ("MSMT17",)


def test_the_note_and_the_caption_have_the_sentence(tmp_path: Path) -> None:
    ran = matrix_row("a", "SE3", [metrics_file(tmp_path / "a", (10, 40, 40), n=40)]).model_copy(
        update={"shared": (SENTENCE,)}
    )
    about = {"title": "T.", "profile": "p", "data_note": "", "seeds": (0,), "scenarios": ("SE2", "SE3")}
    make_matrix(MatrixSpec(**about, rows=(ran, matrix_row("a", "SE2", []))), tmp_path / "m.csv", tmp_path / "m.tex")
    with (tmp_path / "m.csv").open(encoding="utf-8") as lines:
        assert [line["note"] for line in csv.DictReader(lines)] == [SENTENCE, "no data"]
    assert f"T. {SENTENCE}." in (tmp_path / "m.tex").read_text(encoding="utf-8")


def test_the_command_prints_the_warning(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(json.dumps(datasets(ICFG, RSTP)), encoding="utf-8")
    done = CliRunner().invoke(main, ["plan", "--config", str(overlay)])
    assert done.exit_code == 0, done.output
    assert f"warning: scenarios.SE3: {SENTENCE}" in done.stderr
    assert "warning" not in done.stdout

"""The table of nuisances on ranks in which blur alone costs hits, and local alignment gains in blurred images."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.plans import planned
from helpers.tables import MADE_BY, read_csv

from glalign.evaluation.metrics import half_up, wilson
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import write_ranks
from glalign.planning.nuisance_stages import NuisanceScenario, NuisanceSpec, SystemRanks
from glalign.reporting.nuisance import CHANGE, make_nuisance
from glalign.reporting.row_keys import key_of
from glalign.support.errors import UserError

IMAGES = 240  # two of each of 120 people, one caption each


@pytest.fixture
def spec(tmp_path: Path) -> NuisanceSpec:
    rng = np.random.default_rng(2)
    blur, light = rng.random(IMAGES), rng.random(IMAGES)
    truth = {
        f"{place}.jpg": {
            "visible": {}, "facts": [[]],
            "nuisance": {"gain": light[place], "blur": blur[place], "occluder": "none"},
        }
        for place in range(IMAGES)
    }  # fmt: skip
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    systems = []
    for system, lost in (("glalign", 0.3), ("glalign_global", 0.8)):
        first = np.where(rng.random(IMAGES) < 0.9 - lost * (blur > np.quantile(blur, 2 / 3)), 1, 5)
        rows = [RankRow(f"{p}.jpg#0", p // 2, (int(rank),), (int(rank),)) for p, rank in enumerate(first)]
        write_ranks(tmp_path / f"{system}.jsonl", rows, IMAGES, MADE_BY)
        systems.append(SystemRanks(system=system, label=system.upper(), ranks=(str(tmp_path / f"{system}.jsonl"),)))
    scenarios = (
        NuisanceScenario(scenario="SE1", people="p", truth=str(tmp_path / "truth.json"), systems=tuple(systems)),
        NuisanceScenario(scenario="SV1", note="real"),
    )
    values = {"own": "glalign", "without": "glalign_global", "bootstrap": 400, "root_seed": 1, "profile": "demo"}
    return NuisanceSpec(title="T", scenarios=scenarios, data_note="synthetic people", **values)


def test_what_costs_hits_and_what_local_alignment_gains_is_found(spec: NuisanceSpec, tmp_path: Path) -> None:
    make_nuisance(spec, tmp_path / "n.csv", tmp_path / "n.tex")
    *rows, real = read_csv(tmp_path / "n.csv")
    assert (real["scenario"], real["note"], real["system"], real["rank1"]) == ("SV1", "real", "", "")
    found = {(row["nuisance"], row["level"], row["system"]): row for row in rows}
    assert len(found) == len(rows)
    assert key_of(rows[0]) == ("scenario", "nuisance", "level", "system")
    own = {key[:2]: row for key, row in found.items() if key[2] == "glalign"}
    blurred, change = own["blur", "blurred"], own["blur", CHANGE]
    assert blurred["n"] == str(IMAGES // 3)
    hits = round(float(blurred["rank1"]) * IMAGES / 300)
    assert (blurred["rank1_lo"], blurred["rank1_hi"]) == tuple(map(half_up, wilson(hits, IMAGES // 3)))
    other = found["blur", "blurred", "glalign_global"]
    gain = float(blurred["rank1"]) - float(other["rank1"])
    assert float(blurred["gain"]) == pytest.approx(gain, abs=0.011)
    assert float(blurred["gain_lo"]) > 0
    assert float(change["rank1_hi"]) < 0
    assert float(change["gain_lo"]) > 0
    assert float(change["gain"]) == pytest.approx(gain - float(own["blur", "sharp"]["gain"]), abs=0.011)
    assert float(own["light", CHANGE]["p_holm"]) > 0.05
    assert not any(row["gain"] for row in rows if row["system"] != "glalign")
    assert not [key for key in found if key[0] in ("translation",)]
    assert "blurred" in (tmp_path / "n.tex").read_text(encoding="utf-8")


def test_a_truth_of_other_images_is_refused(spec: NuisanceSpec, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"truth\.json: not of the queries of SE1 .*make the data again"):
        make_nuisance(spec, tmp_path / "n.csv", tmp_path / "n.tex")


def test_real_data_are_planned_with_a_note() -> None:
    job = planned().job("nuisance")
    english, vietnamese, native = job.spec.scenarios
    assert native.translation == ""
    assert english.translation == ""
    assert vietnamese.translation == "results/data/cuhk_vi/translation.json"
    assert vietnamese.truth in job.inputs
    assert "random" in [one.system for one in english.systems]
    english, vietnamese, _ = planned({"datasets": {"cuhk_en": {"root": "data"}}}).job("nuisance").spec.scenarios
    assert (english.note, english.systems) == ("the data do not say what makes their queries hard", ())
    assert vietnamese.note

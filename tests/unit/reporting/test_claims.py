"""The table of claims on simulated ranks, and on the records of other stages."""

from pathlib import Path

import numpy as np
import pytest
from helpers.tables import MADE_BY, read_csv, written
from scipy.stats import norm

from glalign.evaluation.gallery_size import ahead_of, expected_ranks, other_people
from glalign.evaluation.metrics import wilson
from glalign.evaluation.paired_tests import first_query_per_person, mcnemar, pair_hits
from glalign.evaluation.ranking import RankRow, rank_blocks
from glalign.evaluation.ranks_file import read_ranks, write_ranks
from glalign.planning.claim_specs import (
    AnyCompared,
    CellRanks,
    ClaimRow,
    ClaimsSpec,
    PairsCompared,
    PhrasesCompared,
    RanksCompared,
    WeightsCompared,
)
from glalign.reporting.claims import ALL, OF_OTHER_DATA, make_claims
from glalign.reporting.row_keys import key_of

PERSONS, EACH = 60, 4


def ranks(path: Path, rate: float, seed: int = 0, prefix: str = "", people: int = PERSONS) -> str:
    """A ranks file of a system of this Rank-1; its people are as hard as those of every other one."""
    person = np.random.default_rng(5).normal(size=PERSONS)[:people]
    difficulty = np.repeat(person, EACH) + np.random.default_rng([seed, 1]).normal(size=people * EACH)
    return ranked(path, difficulty / np.sqrt(2) < norm.ppf(rate), prefix)


def ranked(path: Path, hits: np.ndarray, prefix: str = "") -> str:
    """A ranks file with these hits, (people x EACH,)."""
    first = np.where(hits, 1, 7)
    rows = [
        RankRow(f"{prefix}p{place // EACH}.png#{place % EACH}", place // EACH, (int(rank),), (int(rank),))
        for place, rank in enumerate(first)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_ranks(path, rows, 200, MADE_BY)
    return str(path)


def compared(*files: str | tuple[str, ...], people: str = "cuhk", **changes: object) -> RanksCompared:
    sides = [(file,) if isinstance(file, str) else file for file in files]
    cells = tuple(CellRanks(scenario="SE1", system="s", ranks=own, people=people) for own in sides)
    values = {"name": "a against b", "effect": "difference", "queries": "same", "sides": cells}
    return RanksCompared.from_fields_of(values | changes)


def table(folder: Path, *comparisons: AnyCompared, **changes: object) -> list[dict[str, str]]:
    claim = ClaimRow(claim="C1", text="T_1 is best.", where="here", caveat="small", comparisons=comparisons)
    about = {"title": "Claims.", "bootstrap": 400, "root_seed": 1, "profile": "demo", "data_note": "synthetic people"}
    spec = ClaimsSpec(**about | {"show_paper_values": True} | changes, claims=(claim,))
    make_claims(spec, folder / "claims.csv", folder / "claims.tex")
    assert r"C1: T\_1 is best." in (folder / "claims.tex").read_text(encoding="utf-8")
    return read_csv(folder / "claims.csv")


def scored(path: Path, people: int, seed: int) -> tuple[str, list[RankRow]]:
    """A ranks file of random scores of so many people with two images each."""
    rng, persons = np.random.default_rng(seed), np.repeat(np.arange(people), 2)
    scores = rng.normal(size=(len(persons), len(persons))) + 1.5 * (persons[:, None] == persons)
    images = [f"p{number}.png" for number in range(len(persons))]
    queries = [f"{image}#0" for image in images]
    rows = list(rank_blocks([scores], queries, images, persons.tolist(), persons.tolist()))
    write_ranks(path, rows, len(images), MADE_BY)
    return str(path), rows


def test_a_claim_has_a_row_and_one_for_each_of_its_comparisons(tmp_path: Path) -> None:
    best, worse, worst = (ranks(tmp_path / f"{rate}.jsonl", rate, seed) for seed, rate in enumerate((0.7, 0.45, 0.3)))
    absent = compared(note="not run: no data").model_copy(update={"name": "absent", "sides": ()})
    rows = table(tmp_path, compared(best, worse, printed="6.50"), compared(best, worst, name="b"))
    assert [row["comparison"] for row in rows] == [ALL, "a against b", "b"]
    assert {row["verdict"] for row in rows} == {"supported on synthetic people"}
    assert rows[0]["note"] == "2 comparisons: 2 supported, 0 contradicted, 0 open"
    assert (rows[1]["printed"], rows[1]["n"], rows[1]["unit"]) == ("6.50", str(PERSONS * EACH), "points")
    assert float(rows[1]["low"]) > 0
    assert float(rows[2]["p_adjusted"]) >= float(rows[2]["p"])
    assert key_of(rows[0]) == ("claim", "comparison")

    rows = table(tmp_path, compared(best, worse), absent)
    assert [row["verdict"].split()[0] for row in rows] == ["open", "supported", "open"]
    assert rows[0]["note"] == "2 comparisons: 1 supported, 0 contradicted, 1 open; 1 not run"
    assert (rows[2]["note"], rows[2]["effect"], rows[2]["p"]) == ("not run: no data", "", "")
    assert table(tmp_path, compared(best, worse), compared(worst, best, name="b"))[0]["verdict"].startswith("contra")
    (row,) = table(tmp_path, compared(best, worse), data_note="", show_paper_values=False)
    assert (row["verdict"], row["printed"]) == ("supported", "")


def better(first: int, others: int) -> np.ndarray:
    """Hits (people x EACH,) of a system on the first captions of `first` people, and on the others of `others`."""
    hits = np.zeros((PERSONS, EACH), dtype=bool)
    hits[:first, 0], hits[:others, 1:] = True, True
    return hits.ravel()


@pytest.mark.parametrize(
    ("first", "others", "larger"),
    [(40, 0, "bootstrap"), (0, 40, "mcnemar"), (9, 30, "mcnemar"), (7, 30, "mcnemar"), (60, 60, "neither")],
)
def test_of_mcnemars_test_and_the_bootstrap_the_larger_p_decides(
    tmp_path: Path, first: int, others: int, larger: str
) -> None:
    """The second system may hit captions that McNemar's test does not see, so that the bootstrap's p is the larger."""
    rival = np.zeros((PERSONS, EACH), dtype=bool)
    rival[-15:, 1:] = larger == "bootstrap"
    one, other = ranked(tmp_path / "one.jsonl", better(first, others)), ranked(tmp_path / "other.jsonl", rival.ravel())
    pairs = [first_query_per_person(read_ranks(path)[0]) for path in (one, other)]
    tested = mcnemar(pair_hits(*pairs, ("one", "other")))
    (plain,) = table(tmp_path, compared(one, other))
    p_values = {"mcnemar": tested.p, "bootstrap": float(plain["p"])}
    expected = max(p_values.values())
    assert expected == p_values.get(larger, expected)
    for level in (0.05, 0.01):
        (row,) = table(tmp_path, compared(one, other, test="mcnemar", level=level))
        assert float(row["p"]) == pytest.approx(expected, rel=1e-4)
        assert row["n"] == str(PERSONS)
        assert f"b {tested.b}, c {tested.c}" in row["note"]
        assert row["verdict"].startswith("supported" if expected < level else "open")
    assert (0.01 < expected < 0.05) == (first == 7)  # a level of .05 supports what .01 leaves open


def test_mcnemar_of_a_drawn_test_set_is_of_its_first_draw(tmp_path: Path) -> None:
    files = []
    for name, hits in (("one", better(30, 0)), ("other", better(0, 0))):
        draws = [ranked(tmp_path / f"{name}{n}.jsonl", hits if n == 1 else hits[::-1], f"draw{n}/") for n in (1, 0)]
        rows = [row for path in draws for row in read_ranks(path)[0]]
        write_ranks(tmp_path / f"{name}.jsonl", rows, 200, MADE_BY)
        files.append(str(tmp_path / f"{name}.jsonl"))
    (row,) = table(tmp_path, compared(*files, test="mcnemar"))
    assert row["n"] == str(PERSONS)
    assert "b 0, c 0" in row["note"]


def test_queries_of_a_drawn_test_set_are_found_in_the_whole_one(tmp_path: Path) -> None:
    drawn = ranks(tmp_path / "drawn.jsonl", 0.8, 1, prefix="draw2/", people=40)
    whole = ranks(tmp_path / "whole.jsonl", 0.3, 2)
    (row,) = table(tmp_path, compared(drawn, whole, queries="shared"))
    first, second = read_ranks(drawn)[0], read_ranks(whole)[0][: 40 * EACH]
    gap = 100 * np.mean([(a.hits[0] == 1) - (b.hits[0] == 1) for a, b in zip(first, second, strict=True)])
    assert float(row["effect"]) == pytest.approx(gap, abs=0.006)
    assert row["n"] == str(40 * EACH)
    (row,) = table(tmp_path, compared(drawn, whole))
    assert (row["note"], row["verdict"]) == ("its sides ask other queries", "open on synthetic people")


def test_seeds_are_averaged_and_have_to_answer_the_same_queries(tmp_path: Path) -> None:
    sides = [
        tuple(ranks(tmp_path / f"{rate}" / f"{seed}.jsonl", rate, 10 * place + seed) for seed in range(3))
        for place, rate in enumerate((0.7, 0.4))
    ]
    (row,) = table(tmp_path, compared(*sides))
    means = [np.mean([one.hits[0] == 1 for path in own for one in read_ranks(path)[0]]) for own in sides]
    assert float(row["effect"]) == pytest.approx(100 * (means[0] - means[1]), abs=0.006)
    assert row["seeds"] == "3"


def test_shares_are_read_from_the_records_of_their_stages(tmp_path: Path) -> None:
    counts = dict.fromkeys(("true", "found", "exact", "right", "extracted", "confirmed"), 400)
    counts |= {"confirmed_exact": 0, "confirmed_region": 0, "right_printed": 372}
    truth = {"source": "written", "captions": 9, "parts": {"HEAD": counts}}
    coverage = written(tmp_path / "coverage.json", {"captions": 9, "parts": {}, "truth": truth})
    unknown = written(tmp_path / "unknown.json", {"captions": 9, "parts": {}, "truth": None, "note": "unlabelled"})
    pairs = tmp_path / "translation.csv"
    pairs.write_text("label,view,pairs,end_to_end_wrong,note\nVN,all,5000,1800,\n", encoding="utf-8")
    comparisons = (
        PhrasesCompared(name="a", above=85.0, part="HEAD", coverage=coverage),
        PhrasesCompared(name="b", above=85.0, part="HEAD", coverage=unknown),
        PairsCompared(name="c", within=5.0, printed="18.50", dataset="VN", table=str(pairs)),
    )
    covered, lacking, translated = table(tmp_path, *comparisons)[1:]
    assert (covered["effect"], covered["asserted"]) == ("93.00", "above 85")
    low, high = wilson(372, 400)
    assert float(covered["high"]) - float(covered["low"]) == pytest.approx(high - low, abs=0.02)
    assert covered["verdict"].startswith("supported")
    assert (lacking["note"], lacking["verdict"]) == ("unlabelled", "open on synthetic people")
    assert (translated["effect"], translated["n"]) == ("36.00", "5000")
    assert (translated["verdict"], translated["note"]) == ("open on synthetic people", OF_OTHER_DATA)
    assert table(tmp_path, *comparisons, data_note="")[3]["verdict"] == "contradicted"


def test_weights_are_paired_as_other_systems_are(tmp_path: Path) -> None:
    files = [ranks(tmp_path / f"{rate}.jsonl", rate, seed) for seed, rate in enumerate((0.7, 0.4))]
    rows = [read_ranks(path)[0] for path in files]
    scores = [
        {"alpha": weight, "score": 1.0, "global": 1.0, "local": 1.0, "selected_step": 9,
         "first": [row.hits[0] for row in own]}
        for weight, own in zip((0.5, 0.2), rows, strict=True)
    ]  # fmt: skip
    record = {"system": "glalign", "trainset": "cuhk_en", "persons": [row.person for row in rows[0]], "rows": scores}
    weights = WeightsCompared(name="w", best=0.5, than=0.2, scores=written(tmp_path / "scores.json", record))
    paired, weighed = table(tmp_path, compared(*files), weights)[1:]
    same = ("effect", "low", "high", "p", "n", "needed_queries", "test", "verdict")
    assert [weighed[name] for name in same] == [paired[name] for name in same]
    assert weighed["test"] == "bootstrap over persons, paired" and weighed["verdict"].startswith("supported")


@pytest.mark.parametrize("rank", [1, 5])
def test_galleries_are_compared_at_the_size_of_the_smaller_one(tmp_path: Path, rank: int) -> None:
    (small, few), (large, many) = scored(tmp_path / "a.jsonl", 24, 1), scored(tmp_path / "b.jsonl", 80, 2)
    found = [ahead_of(rows, other_people(rows)) for rows in (few, many)]
    first, second = (expected_ranks(one, [23], [rank])[0, 0] for one in found if one is not None)
    whole = 100 * np.mean([row.hits[0] <= rank for row in many])
    assert second > whole + 10
    changes = {"equal_gallery": True, "queries": "other", "rank": rank}
    sides = compared(small, large).sides
    apart = (sides[0], sides[1].model_copy(update={"people": "other"}))
    (row,) = table(tmp_path, compared(small, large).model_copy(update=changes | {"sides": apart}))
    assert float(row["effect"]) == pytest.approx(first - second, abs=0.006)
    assert (row["test"], row["n"]) == ("bootstrap over persons, unpaired", "48")


def test_galleries_of_another_size_are_not_compared_without_the_people_ahead(tmp_path: Path) -> None:
    (small, _), large = scored(tmp_path / "a.jsonl", 12, 1), ranks(tmp_path / "b.jsonl", 0.5)
    (row,) = table(tmp_path, compared(small, large).model_copy(update={"equal_gallery": True, "queries": "other"}))
    assert (row["effect"], row["note"]) == (
        "",
        "its ranks are of an older version, without who stands ahead: make them again",
    )

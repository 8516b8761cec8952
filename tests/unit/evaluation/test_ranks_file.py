"""A ranks file comes back as it was written, and says which line is broken."""

import json
import re
from dataclasses import replace

import pytest
from helpers.tables import MADE_BY

from glalign.contract.results import RanksSummary
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks, sidecar_path, write_ranks
from glalign.support.errors import UserError

ROWS = [
    RankRow("ảnh.jpg#0", 7, (2, 9), (1, 9), (("a.jpg", 0.5), ("b.jpg", -0.25)), ahead=(1,)),
    RankRow("b.jpg#1", 8, (1,), (1,), (), ()),
]


def test_round_trip(tmp_path):
    path = tmp_path / "cuhk_en.jsonl"
    write_ranks(path, iter(ROWS), 12, {**MADE_BY, "galleries": [11, 13]})
    assert read_ranks(path) == (ROWS, RanksSummary(**MADE_BY, n_queries=2, n_gallery=12, galleries=(11, 13)))
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["first"] == 2
    before = path.read_bytes()
    write_ranks(path, iter(ROWS), 12, {**MADE_BY, "galleries": [11, 13]})
    assert path.read_bytes() == before


PARTS = {**MADE_BY, "parts": ("HEAD", "SHOES")}
COMPARED = [replace(ROWS[0], cosines=((0.5, None), (-1.0, 1.0))), ROWS[1]]
"""The second query has no entries in its top, and so no cosines."""


def test_cosines_of_parts_come_back(tmp_path):
    path = tmp_path / "r.jsonl"
    write_ranks(path, COMPARED, 12, PARTS)
    rows, summary = read_ranks(path)
    assert (rows, summary.parts) == (COMPARED, ("HEAD", "SHOES"))
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert '"cosines":[[0.5,null],[-1.0,1.0]],' in first
    assert "cosines" not in second
    write_ranks(path, ROWS, 12, MADE_BY)
    assert "cosines" not in path.read_text(encoding="utf-8")
    assert "parts" not in sidecar_path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("cosines", "reason"),
    [
        ([[0.5, None], [0.1, 1.01]], r"key `cosines\.1\.1.*`: 1\.01 does not fit"),
        ([[0.5, None], [0.1, float("nan")]], r"key `cosines\.1\.1.*`"),
        ([[0.5, None], [0.1, "0.2"]], r"key `cosines\.1\.1.*`: '0\.2' does not fit"),
        ([[0.5, None]], "cosines are not 2 numbers or null for each of the 2 entries of top"),
        ([[0.5, None], [0.1]], "cosines are not 2 numbers or null"),
        ([[0.5, None], [0.1, 0.2], [0.1, 0.2]], "cosines are not 2 numbers or null"),
        ([], "cosines are not 2 numbers or null"),
        ({"HEAD": 0.5}, "key `cosines`"),
    ],
)
def test_cosines_that_do_not_fit_are_refused(tmp_path, cosines, reason):
    path = tmp_path / "r.jsonl"
    write_ranks(path, COMPARED, 12, PARTS)
    first, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{json.dumps(json.loads(first) | {'cosines': cosines})}\n{second}\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"r\.jsonl:1: not a row of ranks \({reason}.*\); delete the file and run"):
        read_ranks(path)


def test_cosines_of_parts_that_the_summary_does_not_name_are_refused(tmp_path):
    path = tmp_path / "r.jsonl"
    write_ranks(path, COMPARED, 12, MADE_BY)
    with pytest.raises(UserError, match=r"r\.jsonl:1: not a row of ranks \(cosines are not 0 numbers or null"):
        read_ranks(path)


@pytest.mark.parametrize("parts", [["HEAD", "TAIL"], ["HEAD", "HEAD"]])
def test_parts_that_are_no_regions_are_refused(tmp_path, parts):
    path = tmp_path / "r.jsonl"
    write_ranks(path, COMPARED, 12, {**MADE_BY, "parts": parts})
    with pytest.raises(UserError, match=re.escape(f"r.json: key `parts`: {parts} are not regions, each once (HEAD, ")):
        read_ranks(path)


def test_a_second_key_beside_cosines_is_noticed(tmp_path):
    path = tmp_path / "r.jsonl"
    for rows, about in ((ROWS, MADE_BY), (COMPARED, PARTS)):
        write_ranks(path, rows, 12, about)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"person":7', '"person":8,"person":7'), encoding="utf-8")
        with pytest.raises(UserError, match=r"r\.jsonl:1: .*duplicate key 'person'"):
            read_ranks(path)


def test_nothing_is_left_of_a_failed_writing(tmp_path):
    def rows():
        yield ROWS[0]
        raise UserError("stop")

    with pytest.raises(UserError, match="stop"):
        write_ranks(tmp_path / "r.jsonl", rows(), 12, MADE_BY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line", ['{"query": "a', '{"query": "a"}', '{"query":"a","person":1,"hits":[],"best":[],"top":[]}']
)
def test_a_broken_line_is_named(tmp_path, line):
    path = tmp_path / "r.jsonl"
    write_ranks(path, ROWS, 12, MADE_BY)
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"r\.jsonl:3: not a row of ranks \(.*\); delete the file and run again"):
        read_ranks(path)


@pytest.mark.parametrize(
    ("hits", "best", "reason"),
    [
        ([0, 5], [1, 5], "hits are not ascending ranks from 1 to 12"),
        ([5, 2], [2, 5], "hits are not ascending"),
        ([2, 13], [2, 5], "hits are not ascending"),
        ([2, 5], [5, 5], "best are not ascending"),
        ([2, 5], [2, 6], "best is worse than hits"),
    ],
)
def test_what_cannot_be_a_rank_is_refused(tmp_path, hits, best, reason):
    path = tmp_path / "r.jsonl"
    write_ranks(path, ROWS[:1], 12, MADE_BY)
    row = {"query": "c.jpg#0", "person": 1, "first": hits[0], "hits": hits, "best": best, "top": []}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=reason):
        read_ranks(path)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"hits": [1, 9]}, "first is 2, the first of hits 1"),
        ({"first": 1}, "first is 1, the first of hits 2"),
        ({"hits": [2.0, 9]}, r"key `hits\.0`: 2\.0 does not fit"),
        ({"hits": ["2", 9]}, r"key `hits\.0`: '2' does not fit"),
        ({"hits": [True, 9]}, r"key `hits\.0`: True does not fit"),
        ({"hits": [2, 2]}, "hits are not ascending ranks"),
        ({"hits": [2, 9, 11]}, "hits and best differ in length"),
        ({"top": [["a.jpg", float("nan")]]}, r"key `top\.0\.1`"),
        ({"ahead": [2]}, "ahead is no count of people before rank 2"),
        ({"ahead": [-1]}, "ahead is no count of people before rank 2"),
        ({"ahead": [0.5]}, r"key `ahead\.0`: 0\.5 does not fit"),
        ({"more": 1}, "key `more` is unknown"),
    ],
)
def test_one_changed_value_is_noticed(tmp_path, changed, reason):
    path = tmp_path / "r.jsonl"
    write_ranks(path, ROWS, 12, MADE_BY)
    first, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{json.dumps(json.loads(first) | changed)}\n{second}\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"r\.jsonl:1: not a row of ranks \({reason}.*\); delete the file and run"):
        read_ranks(path)


def test_a_key_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "r.jsonl"
    write_ranks(path, [RankRow("http://a/b.jpg#0", 7, (2,), (2,))], 12, MADE_BY)
    assert read_ranks(path)[0][0].hits == (2,)  # colons in a text are none of a key
    for row in (RankRow("b.jpg#0", 7, (2,), (2,)), RankRow("b.jpg#0", 7, (2,), (2,), ahead=(1,))):
        write_ranks(path, [row], 12, MADE_BY)
        path.write_text(path.read_text(encoding="utf-8").replace("}", ',"hits":[1]}'), encoding="utf-8")
        with pytest.raises(UserError, match=r"r\.jsonl:1: .*duplicate key 'hits'"):
            read_ranks(path)


def test_ranks_of_a_draw_lie_in_its_own_gallery(tmp_path):
    path = tmp_path / "r.jsonl"
    rows = [RankRow(f"draw{number}/b.jpg#1", 8, (12,), (1,)) for number in (1, 0)]
    write_ranks(path, rows, 12, {**MADE_BY, "galleries": [11, 13]})
    with pytest.raises(UserError, match=r"r\.jsonl:2: .*hits are not ascending ranks from 1 to 11"):
        read_ranks(path)


def test_a_query_that_occurs_twice_is_refused(tmp_path):
    path = tmp_path / "r.jsonl"
    write_ranks(path, [ROWS[0], ROWS[0]], 12, MADE_BY)
    with pytest.raises(UserError, match=r"r\.jsonl:2: .*its query occurs twice"):
        read_ranks(path)


def test_a_missing_row_is_noticed(tmp_path):
    path = tmp_path / "r.jsonl"
    write_ranks(path, ROWS, 12, MADE_BY)
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"r\.json: does not fit"):
        read_ranks(path)
    sidecar_path(path).unlink()
    with pytest.raises(UserError, match=r"r\.json: no such file; run the workflow"):
        read_ranks(path)

"""A ranks file comes back as it was written, and says which line is broken."""

import json

import pytest
from helpers.tables import MADE_BY

from glalign.contract.results import RanksSummary
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks, sidecar_path, write_ranks
from glalign.support.errors import UserError

ROWS = [
    RankRow("ảnh.jpg#0", 7, (2, 9), (1, 9), (("a.jpg", 0.5), ("b.jpg", -0.25))),
    RankRow("b.jpg#1", 8, (1,), (1,), ()),
]


def test_round_trip(tmp_path):
    path = tmp_path / "cuhk_en.jsonl"
    write_ranks(path, iter(ROWS), 12, {**MADE_BY, "galleries": [11, 13]})
    assert read_ranks(path) == (ROWS, RanksSummary(**MADE_BY, n_queries=2, n_gallery=12, galleries=(11, 13)))
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["first"] == 2
    before = path.read_bytes()
    write_ranks(path, iter(ROWS), 12, {**MADE_BY, "galleries": [11, 13]})
    assert path.read_bytes() == before


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

"""Which examples Figures 2 and 3 show: those of the stated rule, whoever would have made a better picture."""

import json

import pytest
from helpers.figures import LETTERS, failure_data, parsing_data, phrase

from glalign.contract.records import Record
from glalign.contract.regions import REGIONS
from glalign.planning.figure_stages import HARDEST_NAMES
from glalign.reporting.figures.failure_examples import TOP, case
from glalign.reporting.figures.parsing_examples import EXAMPLES, block
from glalign.support.errors import UserError

CAPTION = "a cap, a coat, jeans, boots and a bag"
WORDS = ("cap", "coat", "jeans", "boots", "bag")


def named(*numbers: int) -> list[dict]:
    """Phrases that name these regions, last first."""
    return [phrase(CAPTION, WORDS[number], REGIONS[number]) for number in reversed(numbers)]


def test_people_whose_captions_name_the_most_regions_come_first_in_manifest_order(tmp_path):
    people = {"a": 1, "b": 2, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6}
    records = [
        Record(f"{name}.jpg", person, "train" if name == "a" else "test", (CAPTION, CAPTION))
        for name, person in people.items()
    ]
    phrases = {(f"{name}.jpg", index): named() for name in people for index in range(2)}
    phrases |= {("a.jpg", 0): named(0, 1, 2, 3, 4), ("e.jpg", 0): named(0, 1, 2), ("g.jpg", 1): named(0, 1, 2, 3, 4)}
    phrases |= {("b.jpg", 1): named(0, 1, 2, 3), ("c.jpg", 0): named(1, 2, 3, 4), ("d.jpg", 0): named(2)}
    found = block(parsing_data(tmp_path, records, phrases))
    # a is of another split; c shows the person of b; e names more regions than d.
    assert [one.image for one in found.examples] == ["g.jpg", "b.jpg", "e.jpg"]
    assert len(found.examples) == EXAMPLES
    assert found.examples[0].regions == REGIONS
    words = [CAPTION[one.start : one.end] for one in found.examples[0].phrases]
    assert words == list(WORDS)


def test_phrases_without_a_region_or_inside_another_one_are_not_marked(tmp_path):
    phrases = [phrase(CAPTION, "a cap, a coat", "HEAD"), phrase(CAPTION, "coat", "UPPERBODY")]
    phrases += [phrase(CAPTION, "jeans", None)]
    data = parsing_data(tmp_path, [Record("a.jpg", 1, "test", (CAPTION,))], {("a.jpg", 0): phrases})
    (one,) = block(data).examples
    assert [CAPTION[mark.start : mark.end] for mark in one.phrases] == ["a cap, a coat"]


def test_captions_of_data_that_may_not_be_shown_are_in_neither_record(tmp_path):
    data = parsing_data(tmp_path, [Record("a.jpg", 1, "test", (CAPTION,))], {("a.jpg", 0): named(1, 2)}, shown=False)
    found = block(data)
    assert found.examples[0].regions == ("UPPERBODY", "LOWERBODY")
    queries = [{}, {"causes": ["translation"], "full": 2}, {}]
    missed = case(failure_data(tmp_path, queries, "translation", shown=False))
    assert missed.example is not None
    text = json.dumps([found.to_json(), missed.to_json()], ensure_ascii=False)
    for secret in (CAPTION, "coat", LETTERS, "mũ đỏ", "red hat"):
        assert secret not in text


def test_phrases_of_other_captions_are_refused(tmp_path):
    data = parsing_data(tmp_path, [Record("a.jpg", 1, "test", ("a cap",))], {("a.jpg", 0): named(4)})
    with pytest.raises(UserError, match=r"phrases\.jsonl: a phrase of a\.jpg ends after its caption"):
        block(data)


QUERIES = [
    {"full": 4},  # a miss without a cause
    {"causes": list(HARDEST_NAMES), "without": 3},  # all causes at once
    *({"causes": [cause]} for cause in HARDEST_NAMES),  # found by both
    *({"causes": [cause], "without": 2} for cause in HARDEST_NAMES),
    *({"causes": [cause], "full": 3, "without": 12} for cause in HARDEST_NAMES),
    *({"causes": [cause], "full": 2} for cause in HARDEST_NAMES),
    *({"causes": ["light"]} for _ in range(3)),  # with these, the darkest third of the 22 are those with `light`
    {},
]


@pytest.mark.parametrize("cause", HARDEST_NAMES)
def test_of_a_cause_the_first_query_that_has_it_alone_and_is_missed_is_shown(tmp_path, cause):
    found = case(failure_data(tmp_path, QUERIES, cause))
    place = 6 + list(HARDEST_NAMES).index(cause)
    assert QUERIES[place] == {"causes": [cause], "without": 2}
    assert found.example is not None and found.counts is not None
    assert (found.example.query, found.example.caption) == (f"p/{place}.jpg#0", f"{LETTERS} {place}")
    assert found.counts.to_json() == {
        "both": 1 + 3 * (cause == "light"), "only_full": 1, "only_global": 1, "neither": 1,
    }  # fmt: skip
    full, without = found.example.full, found.example.without
    assert (full.label, full.first, without.label, without.first) == ("Full", 1, "Global", 2)
    assert [one.hit for one in full.top] == [True, *[False] * (TOP - 1)]
    assert [one.image for one in without.top] == ["p/0.jpg", f"p/{place}.jpg", "p/1.jpg"]
    assert [one.hit for one in without.top] == [False, True, False]


def test_the_cause_is_told_as_the_generator_wrote_it_down(tmp_path):
    details = {cause: case(failure_data(tmp_path, QUERIES, cause)).example.detail for cause in HARDEST_NAMES}
    assert details["translation"] == "The translation has 1 wrong phrase. “a red hat” became “mũ đỏ”."
    assert details["ambiguity"] == f"The caption fits {len(QUERIES)} people of the gallery."
    assert "0.20 of its light" in details["light"]


def test_a_cause_without_an_example_says_why(tmp_path):
    hits = [{"full": 2}, {}, {}, {"causes": ["occlusion"]}]  # the first are the darkest
    found = case(failure_data(tmp_path, hits, "occlusion"))
    assert found.example is None
    assert found.note == "no query with this cause alone is missed by either system"
    assert case(failure_data(tmp_path, hits, "translation")).note == "no query has this cause alone"


def test_files_of_other_queries_are_refused(tmp_path):
    data = failure_data(tmp_path, QUERIES, "light")
    (tmp_path / "truth.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"truth\.json.*not of the queries of SV1.*make the data again"):
        case(data)
    (tmp_path / "other").mkdir()
    other = failure_data(tmp_path / "other", QUERIES[:5], "light")
    with pytest.raises(UserError, match="has other queries than"):
        case(data.model_copy(update={"without": other.without}))

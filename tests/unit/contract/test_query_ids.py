"""Ids of queries: written, read again, and read where they lack a part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.contract.query_ids import QueryId, draw_of, in_first_draw, query_id, split_query


@given(st.text(), st.integers(0, 10**6), st.none() | st.integers(0, 99))
def test_what_is_written_is_read(image: str, caption: int, draw: int | None) -> None:
    prefix = "" if draw is None else f"draw{draw}/"
    if draw is None and split_query(image).draw is not None:
        return  # a folder of images that is named like a draw
    read = split_query(f"{prefix}{query_id(image, caption)}")
    assert read == (prefix[:-1] or None, image, caption)
    assert read.key == (image, caption)
    assert draw_of(f"{prefix}{query_id(image, caption)}") == read.draw
    assert in_first_draw(f"{prefix}{image}") == (draw in (None, 0))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("drawn/b#1.png#12", (None, "drawn/b#1.png", 12)),
        ("a\nb.png#1", (None, "a\nb.png", 1)),
        ("draw/b.png", (None, "draw/b.png", None)),
        ("draw٣/b.png#٣", (None, "draw٣/b.png#٣", None)),
        ("b.png#x", (None, "b.png#x", None)),
        ("", (None, "", None)),
        ("b#" + "9" * 5000, (None, "b#" + "9" * 5000, None)),
    ],
)
def test_what_is_no_part_belongs_to_the_image(query: str, expected: QueryId) -> None:
    read = split_query(query)
    assert read == expected
    assert draw_of(query) == read.draw
    assert f"{read.draw}/{query_id(*read.key)}".removeprefix("None/") == query

"""Pickles are read as they are, unless they take more than their length."""

import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.storage import pickle_bounds
from glalign.storage.pickle_bounds import bounded_pickle

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_an_ordinary_pickle_is_read(value: object, protocol: int) -> None:
    assert pickle.load(bounded_pickle(io.BytesIO(pickle.dumps(value, protocol)))) == value


def test_many_values_take_many_places() -> None:
    values = [[number] for number in range(70_000)]
    assert pickle.load(bounded_pickle(io.BytesIO(pickle.dumps(values, 2)))) == values


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"\x80\x02Nr\xff\xff\xff\xff.", pickle.UnpicklingError, "place 4,294,967,295 of a pickle of 9 bytes"),
        (b"Np4294967295\n.", pickle.UnpicklingError, "place 4,294,967,295 of a pickle of 14 bytes"),
        (b"\x80\x05\x96" + b"\xff" * 7 + b"\x0f.", ValueError, "bytearray8"),
        (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x0f.", ValueError, "bytes8"),
        (b"\x80\x02]", ValueError, "STOP"),
    ],
    ids=["long place", "place as text", "bytearray", "bytes", "cut"],
)
def test_what_is_out_of_proportion_is_refused(content: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        bounded_pickle(io.BytesIO(content))


def test_a_pickle_has_a_length_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_bounds, "LONGEST", 10)
    with pytest.raises(pickle.UnpicklingError, match="more than 10 bytes"):
        bounded_pickle(io.BytesIO(pickle.dumps("a" * 10)))

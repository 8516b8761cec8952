"""The evaluator of anyone's scores: right on good files of every type, clear on bad ones."""

import pickle
import re

import numpy as np
import pytest
from helpers.naive_evaluator import naive_percentages, naive_ranks

from glalign.evaluation import scores as module
from glalign.evaluation.scores import evaluate_scores
from glalign.support.errors import UserError


@pytest.fixture
def arrays():
    rng = np.random.default_rng(5)
    return {
        "similarity": rng.integers(0, 40, size=(23, 31)) / 8,
        "query_ids": rng.integers(7, size=23),
        "gallery_ids": np.arange(31) % 7,
    }


def saved(tmp_path, arrays, save=np.savez):
    save(tmp_path / "s.npz", **arrays)
    return tmp_path / "s.npz"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", "i8", "u1", "?"])
@pytest.mark.parametrize("order", "CF")
def test_agrees_with_naive(tmp_path, arrays, save, kind, order, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 600)  # several blocks
    arrays["similarity"] = arrays["similarity"].astype(kind, order=order)
    found = evaluate_scores(saved(tmp_path, arrays, save))
    values = arrays["similarity"], arrays["query_ids"], arrays["gallery_ids"]
    expected = naive_percentages(naive_ranks(*values))
    best = naive_percentages(naive_ranks(*values, in_favour=True))
    expected |= {f"{name}_best": value for name, value in best.items()}
    assert found == pytest.approx(expected | {"n_queries": 23, "n_gallery": 31})


@pytest.mark.parametrize("cast", [np.int16, np.uint64, str, "S4"])
def test_ids_of_any_width_or_text(tmp_path, arrays, cast):
    expected = evaluate_scores(saved(tmp_path, arrays))
    arrays["query_ids"] = arrays["query_ids"].astype(cast)
    if cast in (str, "S4"):
        arrays["gallery_ids"] = arrays["gallery_ids"].astype(str)
    assert evaluate_scores(saved(tmp_path, arrays)) == expected


def test_nan_and_missing_positive_name_the_row(tmp_path, arrays):
    arrays["similarity"][20, 3] = np.nan
    with pytest.raises(UserError, match=r"s\.npz: query row 20: score nan at gallery column 3"):
        evaluate_scores(saved(tmp_path, arrays))
    arrays["query_ids"][11] = 99
    with pytest.raises(UserError, match=r"s\.npz: query row 11: id 99"):
        evaluate_scores(saved(tmp_path, arrays))


@pytest.mark.parametrize("name", ["similarity", "query_ids", "gallery_ids"])
def test_missing_or_misshapen_arrays_are_named(tmp_path, arrays, name):
    good = arrays.pop(name)
    with pytest.raises(UserError, match=f"`{name}` is missing"):
        evaluate_scores(saved(tmp_path, arrays))
    with pytest.raises(UserError, match="shape"):
        evaluate_scores(saved(tmp_path, arrays | {name: good[:-1]}))
    with pytest.raises(UserError, match=f"`{name}` has shape"):
        evaluate_scores(saved(tmp_path, arrays | {name: good[None]}))
    with pytest.raises(UserError, match=f"`{name}` has type complex"):
        evaluate_scores(saved(tmp_path, arrays | {name: good.astype(complex)}))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.array(["ñ".encode("latin-1")] * 23), "'utf-8' codec can't decode byte 0xf1"),
        (np.full(23, 0x7FFFFFFF, np.uint32).view("U1"), "invalid maximum character"),
    ],
    ids=["latin", "no character"],
)
def test_ids_that_are_no_text_are_named(tmp_path, arrays, ids, message):
    arrays["query_ids"] = ids
    with pytest.raises(UserError, match=rf"s\.npz: array `query_ids` holds ids that are no text \({message}"):
        evaluate_scores(saved(tmp_path, arrays))


def test_an_encrypted_file_is_named(tmp_path, arrays):
    path = saved(tmp_path, arrays)
    data = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for entry in re.finditer(re.escape(magic), data):
            data[entry.start() + flags] |= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"s\.npz: array `query_ids` cannot be read \(.*encrypted"):
        evaluate_scores(path)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_objects_are_never_unpickled(tmp_path, arrays):
    arrays["query_ids"] = np.array([Trap()] * 23, dtype=object)
    with pytest.raises(UserError, match=r"query_ids.*never unpickled"):
        evaluate_scores(saved(tmp_path, arrays))
    (tmp_path / "s.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(UserError, match="not a complete npz"):
        evaluate_scores(tmp_path / "s.npz")


def test_truncated_foreign_corrupt_and_absent_files(tmp_path, arrays):
    path = saved(tmp_path, arrays)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="not a complete npz"):
        evaluate_scores(path)
    data[data.index(b"NUMPY") + 600] ^= 255
    path.write_bytes(data)
    with pytest.raises(UserError, match="not a complete npz"):
        evaluate_scores(path)
    np.save(tmp_path / "s.npy", arrays["similarity"])
    for name, message in (("s.npy", "not a complete npz"), ("none.npz", "no such file"), (".", "cannot be read")):
        with pytest.raises(UserError, match=message):
            evaluate_scores(tmp_path / name)

"""The evaluator of anyone's scores: right on good files of every type, clear on bad ones."""

import io
import pickle
import re
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.naive_evaluator import naive_percentages, naive_ranks

from glalign.cli.main import main
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


def planted(tmp_path, arrays, name, header=None, data=b""):
    """The file with another array in place of one: a header as bytes, or as the values that numpy writes."""
    path = saved(tmp_path, {key: value for key, value in arrays.items() if key != name})
    stream = io.BytesIO()
    if isinstance(header, dict):
        np.lib.format.write_array_header_1_0(stream, header)
    else:
        stream.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", stream.getvalue() + data)
    return path


@pytest.mark.parametrize("name", ["similarity", "query_ids", "gallery_ids"])
@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"descr": "<i8", "fortran_order": False, "shape": (-4,)}, r"has shape \(-4,\)"),
        ({"descr": "<i8", "fortran_order": False, "shape": (-4, -4)}, r"has shape \(-4, -4\)"),
        ({"descr": "|S0", "fortran_order": False, "shape": (23,)}, "has (shape|type)"),
        ({"descr": "<i8", "fortran_order": False, "shape": (10**12,)}, "is shorter than its shape"),
        (b"{'descr': '<i8', 'fortran_order': False, 'shape': (4,\n", "has an unreadable header"),
        (b"(" * 3000 + b"\n", "has an unreadable header"),
        (b"\xff\n", "has an unreadable header"),
    ],
    ids=["negative", "negative twice", "no bytes", "short", "unbalanced", "deep", "latin"],
)
def test_headers_are_checked_before_anything_is_read(tmp_path, arrays, name, header, message, monkeypatch):
    monkeypatch.setattr(module, "_read", lambda *_: pytest.fail("read"))
    with pytest.raises(UserError, match=rf"s\.npz: array `{name}` {message}"):
        evaluate_scores(planted(tmp_path, arrays, name, header))


def test_a_file_that_unpacks_to_more_than_allowed_is_refused_unread(tmp_path, arrays, monkeypatch):
    path = saved(tmp_path, arrays, np.savez_compressed)
    size = sum(array.nbytes for array in arrays.values())
    assert evaluate_scores(path, max_gb=1e-4)["n_queries"] == 23
    monkeypatch.setattr(module, "_read", lambda *_: pytest.fail("read"))
    with pytest.raises(UserError, match=r"s\.npz: its arrays hold 0\.0 GB, more than 6e-06; .* --max-gb"):
        evaluate_scores(path, max_gb=(size - 1) / 1e9 // 1e-6 * 1e-6)
    done = CliRunner().invoke(main, ["evaluate", str(path), "--max-gb", "0.000001"])
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)


def test_ids_that_are_all_the_same_are_bounded(tmp_path):
    """Every query pairs with every gallery entry: memory for ranks far above that of the scores."""
    ids = np.zeros(300, np.int64)
    path = saved(tmp_path, {"similarity": np.zeros((300, 300), np.uint8), "query_ids": ids, "gallery_ids": ids})
    with pytest.raises(UserError, match=r"90,000 pairs of a query and a gallery entry of its id need 0\.0 GB"):
        evaluate_scores(path, max_gb=1e-3)

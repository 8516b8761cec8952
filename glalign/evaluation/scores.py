"""The evaluator for scores of any system: reads an npz file in blocks of scores and returns percentages.

Arrays: similarity (Q, G) real, query_ids (Q,) and gallery_ids (G,) integers or strings. Nothing is ever unpickled.
"""

import math
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from glalign.evaluation.metrics import percentages
from glalign.evaluation.ranking import find_positives, hit_ranks
from glalign.support.errors import UserError, printable

BLOCK_BYTES = 1 << 24  # scores read at a time
GB = 10**9
MAX_GB = 8.0
"""Most that the arrays of a file may hold, unless the caller allows more: a small file may unpack to any size."""
PAIR_BYTES = 48  # memory of a pair of a query and a gallery entry of its id, in the three arrays of ranks and copies
ALLOW = "correct the file, or allow more with --max-gb"
SAVE = "np.savez(path, similarity=..., query_ids=..., gallery_ids=...)"
COMPARED_AS = {"?": np.uint8, "e": np.float32}  # a truth value is 0 or 1; half precision compares slowly
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def evaluate_scores(path: Path | str, max_gb: float = MAX_GB) -> dict[str, float | int]:
    """rank1, rank5, rank10, map, minp in percent, n_queries, n_gallery; suffix `_best`: ties in the query's favour.

    max_gb: the most that the arrays may hold, and that the pairs of a query and its gallery entries may take. Raises:
    UserError for a file that is not such an npz or larger, shapes that do not fit, a score that is not finite (its
    row), a query without a positive (its row and id).
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            scores, *ids = _open_all(archive, path, max_gb)
            query_ids, gallery_ids = (_ids(array, path) for array in ids)
            _check_pairs(path, query_ids, gallery_ids, max_gb)
            blocks = _blocks(scores, path)
            hits = hit_ranks(blocks, find_positives(query_ids, gallery_ids), len(gallery_ids))
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(printable(str(path))) else f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a complete npz file ({error}); write it with {SAVE}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    return {**percentages(hits), "n_queries": len(query_ids), "n_gallery": len(gallery_ids)}


class Array(NamedTuple):
    """An array of the file whose header was checked. stream: placed at its data."""

    name: str
    stream: IO[bytes]
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize


def _open_all(archive: zipfile.ZipFile, path: Path, max_gb: float) -> list[Array]:
    """The three arrays, of which nothing but the headers was read: of shapes and types that fit, and not too large."""
    *ids, scores = (_open(archive, path, name) for name in ("query_ids", "gallery_ids", "similarity"))
    for array in ids:
        if len(array.shape) != 1 or array.shape[0] == 0:
            what = f"has shape {array.shape}; expected one id per entry, at least one"
            raise UserError(f"{path}: array `{array.name}` {what}")
        if array.dtype.kind not in "iuUS" or not array.dtype.itemsize:
            raise UserError(f"{path}: array `{array.name}` has type {array.dtype}; ids must be integers or strings")
    expected = (ids[0].shape[0], ids[1].shape[0])
    if scores.shape != expected:
        what = f"{expected[0]} query_ids and {expected[1]} gallery_ids: expected {expected}"
        raise UserError(f"{path}: array `similarity` has shape {scores.shape}, but there are {what}")
    if scores.dtype.kind not in "fiub":
        raise UserError(f"{path}: array `similarity` has type {scores.dtype}; scores must be real numbers")
    if (total := sum(array.size for array in (scores, *ids))) > max_gb * GB:
        raise UserError(f"{path}: its arrays hold {total / GB:,.1f} GB, more than {max_gb:g}; {ALLOW}")
    return [scores, *ids]


def _check_pairs(path: Path, query_ids: Sequence[Hashable], gallery_ids: Sequence[Hashable], max_gb: float) -> None:
    """Raise a UserError if the pairs of a query and a gallery entry of its id need too much memory."""
    entries = Counter(gallery_ids)
    pairs = sum(entries[target] for target in query_ids)
    if pairs * PAIR_BYTES > max_gb * GB:
        what = f"{pairs:,} pairs of a query and a gallery entry of its id need {pairs * PAIR_BYTES / GB:,.1f} GB"
        raise UserError(f"{path}: {what}, more than {max_gb:g}; {ALLOW}")


def _open(archive: zipfile.ZipFile, path: Path, name: str) -> Array:
    """One array with its header read."""
    if f"{name}.npy" not in archive.namelist():
        found = ", ".join(sorted(n.removesuffix(".npy") for n in archive.namelist())) or "none"
        raise UserError(f"{path}: array `{name}` is missing (found: {found}); write the file with {SAVE}")
    try:
        stream = archive.open(f"{name}.npy")
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
    except RuntimeError as error:  # encrypted, or compressed in a way that Python does not know
        raise UserError(f"{path}: array `{name}` cannot be read ({error}); write the file with {SAVE}") from error
    except (ValueError, KeyError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise UserError(f"{path}: array `{name}` has an unreadable header ({error}); write it with {SAVE}") from error
    if any(length < 0 for length in shape):
        raise UserError(f"{path}: array `{name}` has shape {shape}; write the file with {SAVE}")
    if dtype.hasobject:
        unread = f"{path}: array `{name}` holds Python objects, which are never unpickled"
        raise UserError(f"{unread}; convert it to numbers or strings before saving")
    if math.prod(shape) * dtype.itemsize > archive.getinfo(f"{name}.npy").file_size:
        raise UserError(f"{path}: array `{name}` is shorter than its shape {shape} says; write the file again")
    return Array(name, stream, shape, fortran, dtype)


def _read(stream: IO[bytes], dtype: np.dtype, count: int) -> np.ndarray:
    """`count` values of a stream in the machine's byte order; a short stream is an EOFError."""
    data = stream.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise EOFError("the data end early")
    return np.frombuffer(data, dtype=dtype, count=count).astype(dtype.newbyteorder("="), copy=False)


def _ids(array: Array, path: Path) -> list[int | str]:
    """Identity of every row or column as Python values, so that an integer equals the same integer of another width."""
    name, stream, shape, _, dtype = array
    values = _read(stream, dtype, shape[0])
    try:
        return list((np.char.decode(values, "utf-8") if dtype.kind == "S" else values).tolist())
    except (ValueError, SystemError) as error:  # the second for a number that is no character
        raise UserError(f"{path}: array `{name}` holds ids that are no text ({error}); save them as str") from error


def _blocks(scores: Array, path: Path) -> Iterator[np.ndarray]:
    """Consecutive rows of `similarity`, native numbers, as many at a time as fit BLOCK_BYTES."""
    _, stream, shape, fortran, dtype = scores
    n_queries, n_gallery = shape
    step = max(1, BLOCK_BYTES // (n_gallery * dtype.itemsize))
    # column-major files hold no row in one piece: the only case that needs the whole array
    whole = _read(stream, dtype, n_queries * n_gallery).reshape(shape, order="F") if fortran else None
    for low in range(0, n_queries, step):
        rows = min(step, n_queries - low)
        block = _read(stream, dtype, rows * n_gallery).reshape(rows, -1) if whole is None else whole[low : low + rows]
        yield np.ascontiguousarray(block, dtype=COMPARED_AS.get(dtype.char, block.dtype))
    if stream.read(1):
        raise UserError(f"{path}: array `similarity` is longer than its shape {shape} says; write the file again")

"""The evaluator for scores of any system: reads an npz file in blocks of scores and returns percentages.

Arrays: similarity (Q, G) real, query_ids (Q,) and gallery_ids (G,) integers or strings. Nothing is ever unpickled.
"""

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from glalign.evaluation.metrics import percentages
from glalign.evaluation.ranking import find_positives, hit_ranks
from glalign.support.errors import UserError

BLOCK_BYTES = 1 << 24  # scores read at a time
SAVE = "np.savez(path, similarity=..., query_ids=..., gallery_ids=...)"
COMPARED_AS = {"?": np.uint8, "e": np.float32}  # a truth value is 0 or 1; half precision compares slowly
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def evaluate_scores(path: Path | str) -> dict[str, float | int]:
    """rank1, rank5, rank10, map, minp in percent, n_queries, n_gallery; suffix `_best`: ties in the query's favour.

    Raises: UserError for a file that is not such an npz, shapes that do not fit, a score that is not finite (its row),
    a query without a positive (its row and id).
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            query_ids, gallery_ids = _ids(archive, path, "query_ids"), _ids(archive, path, "gallery_ids")
            blocks = _blocks(archive, path, len(query_ids), len(gallery_ids))
            hits = hit_ranks(blocks, find_positives(query_ids, gallery_ids), len(gallery_ids))
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UserError(f"{path}: not a complete npz file ({error}); write it with {SAVE}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    return {**percentages(hits), "n_queries": len(query_ids), "n_gallery": len(gallery_ids)}


def _open(archive: zipfile.ZipFile, path: Path, name: str) -> tuple[IO[bytes], tuple[int, ...], bool, np.dtype]:
    """Stream of one array placed at its data, with shape, Fortran order and type."""
    if f"{name}.npy" not in archive.namelist():
        found = ", ".join(sorted(n.removesuffix(".npy") for n in archive.namelist())) or "none"
        raise UserError(f"{path}: array `{name}` is missing (found: {found}); write the file with {SAVE}")
    try:
        stream = archive.open(f"{name}.npy")
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
    except RuntimeError as error:  # encrypted, or compressed in a way that Python does not know
        raise UserError(f"{path}: array `{name}` cannot be read ({error}); write the file with {SAVE}") from error
    except (ValueError, KeyError) as error:
        raise UserError(f"{path}: array `{name}` has an unreadable header ({error}); write it with {SAVE}") from error
    if dtype.hasobject:
        unread = f"{path}: array `{name}` holds Python objects, which are never unpickled"
        raise UserError(f"{unread}; convert it to numbers or strings before saving")
    if math.prod(shape) * dtype.itemsize > archive.getinfo(f"{name}.npy").file_size:
        raise UserError(f"{path}: array `{name}` is shorter than its shape {shape} says; write the file again")
    return stream, shape, fortran, dtype


def _read(stream: IO[bytes], dtype: np.dtype, count: int) -> np.ndarray:
    """`count` values of a stream in the machine's byte order; a short stream is an EOFError."""
    data = stream.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise EOFError("the data end early")
    return np.frombuffer(data, dtype=dtype, count=count).astype(dtype.newbyteorder("="), copy=False)


def _ids(archive: zipfile.ZipFile, path: Path, name: str) -> list[int | str]:
    """Identity of every row or column as Python values, so that an integer equals the same integer of another width."""
    stream, shape, _, dtype = _open(archive, path, name)
    if len(shape) != 1 or shape[0] == 0:
        raise UserError(f"{path}: array `{name}` has shape {shape}; expected one id per entry, at least one")
    if dtype.kind not in "iuUS":
        raise UserError(f"{path}: array `{name}` has type {dtype}; ids must be integers or strings")
    values = _read(stream, dtype, shape[0])
    try:
        return list((np.char.decode(values, "utf-8") if dtype.kind == "S" else values).tolist())
    except (ValueError, SystemError) as error:  # the second for a number that is no character
        raise UserError(f"{path}: array `{name}` holds ids that are no text ({error}); save them as str") from error


def _blocks(archive: zipfile.ZipFile, path: Path, n_queries: int, n_gallery: int) -> Iterator[np.ndarray]:
    """Consecutive rows of `similarity`, native numbers, as many at a time as fit BLOCK_BYTES."""
    stream, shape, fortran, dtype = _open(archive, path, "similarity")
    if shape != (n_queries, n_gallery):
        ids = f"{n_queries} query_ids and {n_gallery} gallery_ids: expected ({n_queries}, {n_gallery})"
        raise UserError(f"{path}: array `similarity` has shape {shape}, but there are {ids}")
    if dtype.kind not in "fiub":
        raise UserError(f"{path}: array `similarity` has type {dtype}; scores must be real numbers")
    step = max(1, BLOCK_BYTES // (n_gallery * dtype.itemsize))
    # column-major files hold no row in one piece: the only case that needs the whole array
    whole = _read(stream, dtype, n_queries * n_gallery).reshape(shape, order="F") if fortran else None
    for low in range(0, n_queries, step):
        rows = min(step, n_queries - low)
        block = _read(stream, dtype, rows * n_gallery).reshape(rows, -1) if whole is None else whole[low : low + rows]
        yield np.ascontiguousarray(block, dtype=COMPARED_AS.get(dtype.char, block.dtype))
    if stream.read(1):
        raise UserError(f"{path}: array `similarity` is longer than its shape {shape} says; write the file again")

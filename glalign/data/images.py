"""Stores of pixels and of region shares by item number; each file is decoded once if memory allows."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.contract.regions import region_masks
from glalign.data.cache import mapped_pixels
from glalign.storage.image_files import DecodeError, decode_bytes, decode_rgb
from glalign.storage.parallel_decode import map_in_threads
from glalign.support.errors import UserError

CACHE_BYTES = 1 << 30
"""1 GiB holds 7,000 images of 224 x 224, or 170,000 of 64 x 32."""


class _Store:
    """One row of shape `shape` per file, decoded by `_decode`; rows are kept if all fit into `limit` bytes."""

    def __init__(
        self, files: Sequence[Path], shape: tuple[int, ...], kind: type[np.generic], limit: float, threads: int
    ) -> None:
        self.files = list(files)
        self._shape, self._kind, self._threads = shape, kind, threads
        size = len(files) * math.prod(shape) * np.dtype(kind).itemsize
        self._kept = np.empty((len(files), *shape), kind) if size <= limit else None
        self._ready = np.zeros(len(files), bool)

    def __len__(self) -> int:
        return len(self.files)

    def batch(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Return the rows (B, ...) numbered `indices`. Raises: UserError naming a file that cannot be read."""
        wanted = np.asarray(indices, dtype=np.int64)
        if self._kept is None:
            rows = np.empty((len(wanted), *self._shape), self._kind)
            for place, row in enumerate(self._decoded(wanted.tolist())):
                rows[place] = row
            return rows
        lacking = np.unique(wanted[~self._ready[wanted]]).tolist()
        for index, row in zip(lacking, self._decoded(lacking), strict=True):
            self._kept[index] = row
            self._ready[index] = True
        return self._kept[wanted]

    def _decoded(self, indices: Sequence[int]) -> Iterator[NDArray[Any]]:
        if self._threads == 1 or len(indices) < 2:
            return map(self._decode, indices)
        return map_in_threads(self._decode, indices, self._threads)

    def _decode(self, index: int) -> NDArray[Any]:
        raise NotImplementedError


class ImageStore(_Store):
    """Images of one size, uint8 RGB rows (3, H, W), from files of any size and mode.

    Each is resized straight to `size` (height, width) by Pillow's filter `resize`, bilinear or bicubic, which scales
    its support with the reduction (antialiasing), without cropping (D25). If all of them fit into `cache_bytes`, each
    is decoded once. If not, all are decoded at once into a file below the folder `cache`; without that folder they are
    decoded every time. threads: files decoded in parallel. The result depends on none of these choices.
    """

    def __init__(
        self,
        files: Sequence[Path],
        size: tuple[int, int],
        resize: str = "bilinear",
        *,
        cache_bytes: int = CACHE_BYTES,
        threads: int = 1,
        cache: Path | None = None,
    ) -> None:
        super().__init__(files, (3, *size), np.uint8, cache_bytes, threads)
        self.size, self._filter = size, Image.Resampling[resize.upper()]
        if cache and self._kept is None:
            self._kept = mapped_pixels(cache, self.files, size, resize, self._decoded)
            self._ready[:] = True

    def _decode(self, index: int) -> NDArray[np.uint8]:
        height, width = self.size
        try:
            picture = decode_rgb(self.files[index])
        except (OSError, DecodeError) as error:
            raise UserError(f"{self.files[index]}: cannot be read ({error}); fetch the image again") from error
        return np.asarray(picture.resize((width, height), self._filter)).transpose(2, 0, 1)


class PartStore(_Store):
    """Shares of each patch that the body regions cover, float32 rows (5, h, w) in the order of REGIONS.

    files: label maps of any size; they are not resized and may differ from the image in size. grid: (h, w). dress: see
    `region_masks`.
    """

    def __init__(self, files: Sequence[Path], grid: tuple[int, int], *, dress: str = "both", threads: int = 1) -> None:
        super().__init__(files, (5, *grid), np.float32, math.inf, threads)
        self._grid, self._dress = grid, dress

    def _decode(self, index: int) -> NDArray[np.float32]:
        file = self.files[index]
        try:
            return region_masks(decode_bytes(file), self._grid, self._dress)
        except FileNotFoundError as error:
            raise UserError(f"{file}: no label map; run the workflow, which makes it") from error
        except (OSError, ValueError, DecodeError) as error:
            raise UserError(f"{file}: not a label map ({error}); delete it and run the workflow again") from error

"""Stores of pixels and of region shares by item number; each file is decoded once where memory allows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.contract.regions import region_masks
from glalign.data.cache import mapped_pixels
from glalign.storage.image_files import DecodeError, decode_rgb
from glalign.storage.parallel_decode import map_in_threads
from glalign.support.errors import UserError

CACHE_BYTES = 1 << 30
"""1 GiB holds 7,000 images of 224 x 224, or 170,000 of 64 x 32."""


class ImageStore:
    """Images of one size, uint8 RGB, from files of any size and mode.

    Each is resized straight to `size` (height, width) by Pillow's bilinear filter, which scales its support with the
    reduction (antialiasing), without cropping (D25). If all of them fit into `cache_bytes`, each is decoded once. If
    not, all are decoded at once into a file below the folder `cache`; without that folder they are decoded every time.
    threads: files decoded in parallel. The result depends on none of these choices.
    """

    def __init__(
        self,
        files: Sequence[Path],
        size: tuple[int, int],
        *,
        cache_bytes: int = CACHE_BYTES,
        threads: int = 1,
        cache: Path | None = None,
    ) -> None:
        self.files = list(files)
        self.size = size
        self._rows = _Rows(
            len(self.files), (3, *size), kind=np.uint8, make=self._decode, limit=cache_bytes, threads=threads
        )
        if cache and not self._rows.kept:
            self._rows.use(mapped_pixels(cache, self.files, size, self._rows.computed))

    def __len__(self) -> int:
        return len(self.files)

    def batch(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Pixels (B, 3, H, W) of the images numbered `indices`. Raises: UserError naming a file that cannot be read."""
        return self._rows.take(indices)

    def _decode(self, index: int) -> NDArray[np.uint8]:
        height, width = self.size
        try:
            picture = decode_rgb(self.files[index])
        except (OSError, DecodeError) as error:
            raise UserError(f"{self.files[index]}: cannot be read ({error}); fetch the image again") from error
        return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR)).transpose(2, 0, 1)


class PartStore:
    """Share of each patch that each body region covers, from label maps at `folder/<image>.png` of any size.

    Shares are areas of the label map, which is not resized and may differ from the image in size. dress: see
    `region_masks`.
    """

    def __init__(self, files: Sequence[Path], grid: tuple[int, int], *, dress: str = "both", threads: int = 1) -> None:
        self.files = list(files)
        self._grid, self._dress = grid, dress
        self._rows = _Rows(len(self.files), (5, *grid), kind=np.float32, make=self._decode, limit=None, threads=threads)

    def __len__(self) -> int:
        return len(self.files)

    def batch(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float32]:
        """Shares (B, 5, h, w) for the images numbered `indices`, rows in the order of REGIONS.

        Raises: UserError naming a label map that is missing, cannot be read or has an unknown label.
        """
        return self._rows.take(indices)

    def _decode(self, index: int) -> NDArray[np.float32]:
        file = self.files[index]
        try:
            with Image.open(file) as picture:
                if picture.mode not in ("P", "L"):
                    raise ValueError(f"mode {picture.mode}, a label map has one byte per pixel")
                return region_masks(np.asarray(picture), self._grid, self._dress)
        except FileNotFoundError as error:
            raise UserError(f"{file}: no label map; make it with `glalign parse`") from error
        except (OSError, ValueError, SyntaxError) as error:
            raise UserError(f"{file}: not a label map ({error}); delete it and run `glalign parse` again") from error


class _Rows:
    """Rows of equal size, computed by `make`; kept if all of them fit into `limit` bytes (None: always)."""

    def __init__(
        self,
        count: int,
        shape: tuple[int, ...],
        *,
        kind: type[np.generic],
        make: Callable[[int], NDArray[Any]],
        limit: int | None,
        threads: int,
    ) -> None:
        self._shape, self._kind, self._make, self._threads = shape, kind, make, threads
        size = count * int(np.prod(shape)) * np.dtype(kind).itemsize
        self._kept = np.empty((count, *shape), kind) if limit is None or size <= limit else None
        self._ready = np.zeros(count, bool)

    @property
    def kept(self) -> bool:
        """Whether rows are kept once they are computed."""
        return self._kept is not None

    def use(self, rows: NDArray[Any]) -> None:
        """Use `rows`, which has every row already."""
        self._kept, self._ready = np.asarray(rows), np.ones(len(rows), bool)

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """The rows numbered `indices`."""
        wanted = np.asarray(indices, dtype=np.int64)
        if self._kept is None:
            rows = np.empty((len(wanted), *self._shape), self._kind)
            for place, row in enumerate(self.computed(wanted)):
                rows[place] = row
            return rows
        lacking = np.unique(wanted[~self._ready[wanted]])
        for index, row in zip(lacking, self.computed(lacking), strict=True):
            self._kept[index] = row
            self._ready[index] = True
        return self._kept[wanted]

    def computed(self, indices: Sequence[int] | NDArray[np.int64]) -> Any:
        """Compute rows, in order."""
        if self._threads == 1 or len(indices) < 2:
            return map(self._make, indices)
        return map_in_threads(self._make, indices, self._threads)

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
from glalign.data.centre_crop import WHOLE, Window, centre_corner, centre_window, covering
from glalign.storage.image_files import MAX_PIXELS, DecodeError, decode_bytes, decode_rgb
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
    its support with the reduction (antialiasing), without cropping (D25). centre_crop: resize it in its own shape until
    it covers `size`, and cut out the centre, see `centre_window`. If all of them fit into `cache_bytes`, each is
    decoded once. If not, all are decoded at once into a file below the folder `cache`; without that folder they are
    decoded every time. threads: files decoded in parallel. The result depends on none of these three choices.
    """

    def __init__(
        self,
        files: Sequence[Path],
        size: tuple[int, int],
        resize: str = "bilinear",
        *,
        centre_crop: bool = False,
        cache_bytes: int = CACHE_BYTES,
        threads: int = 1,
        cache: Path | None = None,
    ) -> None:
        super().__init__(files, (3, *size), np.uint8, cache_bytes, threads)
        self.size, self._filter, self._centre_crop = size, Image.Resampling[resize.upper()], centre_crop
        if cache and self._kept is None:
            fit = f"{resize}-centre" if centre_crop else resize
            self._kept = mapped_pixels(cache, self.files, size, fit, self._decoded)
            self._ready[:] = True

    def window(self, index: int) -> Window:
        """Return the part of an image that remains. Raises: UserError naming a file that cannot be read."""
        return centre_window(self._picture(index).size[::-1], self.size) if self._centre_crop else WHOLE

    def _decode(self, index: int) -> NDArray[np.uint8]:
        (height, width), picture = self.size, self._picture(index)
        whole = covering(picture.size[::-1], self.size) if self._centre_crop else self.size
        if (pixels := math.prod(whole)) > MAX_PIXELS:
            remedy = "leave it out, or set data.centre_crop: false"
            raise UserError(f"{self.files[index]}: too long to be cropped, {pixels} pixels when resized; {remedy}")
        top, left = centre_corner(whole, self.size)
        resized = np.asarray(picture.resize(whole[::-1], self._filter))
        return resized[top : top + height, left : left + width].transpose(2, 0, 1)

    def _picture(self, index: int) -> Image.Image:
        try:
            return decode_rgb(self.files[index])
        except (OSError, DecodeError) as error:
            raise UserError(f"{self.files[index]}: cannot be read ({error}); fetch the image again") from error


class PartStore(_Store):
    """Shares of each patch that the body regions cover, float32 rows (5, h, w) in the order of REGIONS.

    files: label maps of any size; they are not resized and may differ from the image in size. grid: (h, w). dress: see
    `region_masks`. images: the store of the maps' images in the same order; of a map the part counts that remains of
    its image. Without it, all of the map counts.
    """

    def __init__(
        self,
        files: Sequence[Path],
        grid: tuple[int, int],
        *,
        dress: str = "both",
        threads: int = 1,
        images: ImageStore | None = None,
    ) -> None:
        super().__init__(files, (5, *grid), np.float32, math.inf, threads)
        self._grid, self._dress, self._images = grid, dress, images

    def _decode(self, index: int) -> NDArray[np.float32]:
        file = self.files[index]
        window = self._images.window(index) if self._images else WHOLE
        try:
            return region_masks(decode_bytes(file), self._grid, self._dress, window)
        except FileNotFoundError as error:
            raise UserError(f"{file}: no label map; run the workflow, which makes it") from error
        except (OSError, ValueError, DecodeError) as error:
            raise UserError(f"{file}: not a label map ({error}); delete it and run the workflow again") from error

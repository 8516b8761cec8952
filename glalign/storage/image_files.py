"""Decode image files. Nothing else in the suite opens one.

Pillow guesses the format from the content, whatever the name, and hands some formats to other programs: PostScript to
Ghostscript. Here a file is one of a few formats that Pillow decodes itself, of a size that fits into memory.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

T = TypeVar("T")
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
"""Formats that are decoded, in Pillow's names."""

MAX_PIXELS = 2**26
"""Pixels of an image, at most: eight times those of a 4K screen. A file of a few kilobytes can claim any number."""

VERSION = 1
"""Version of the decoding here and of the resizing in the stores; caches of decoded images from another are remade."""


class DecodeError(Exception):
    """The file exists but is not a whole image of a known format."""


def decode_rgb(path: Path | str) -> Image.Image:
    """Decode an image of any mode to RGB: palette, grey, alpha (dropped), CMYK, 16 bits (upper 8 kept).

    An EXIF orientation is ignored, as in every public loader of this field: label maps and boxes count stored pixels.
    Raises: DecodeError for a file that does not decode to its end; OSError for a file that cannot be opened.
    """
    with Path(path).open("rb") as file:
        return decode(file, _rgb, os.fspath(path))


def decode_bytes(path: Path | str) -> NDArray[np.uint8]:
    """Decode an image of one byte per pixel, grey or palette, to its bytes (H, W). Raises: as `decode_rgb`."""
    with Path(path).open("rb") as file:
        return decode(file, _bytes, os.fspath(path))


def decode(file: BinaryIO, convert: Callable[[Image.Image], T], name: str) -> T:
    """What `convert` makes of the image in `file`. name: of the file, for the message. Raises: DecodeError."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels are more than {MAX_PIXELS}")
            image.load()
            return convert(image)
    except Exception as error:
        # Pillow's decoders raise nearly anything on a damaged file: OSError, SyntaxError, ValueError, zlib.error.
        raise DecodeError(f"{name}: does not decode ({error})") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):
        # Pillow would clip 16-bit values at 255 and so turn most of the image white.
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    return image.convert("RGB")


def _bytes(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode not in ("P", "L"):
        raise ValueError(f"mode {image.mode} has not one byte per pixel")
    return np.asarray(image)

"""Decode image files to RGB pixels."""

import os
from pathlib import Path

from PIL import Image

VERSION = 1
"""Version of the decoding here and of the resizing in the stores; caches of decoded images from another are remade."""


class DecodeError(Exception):
    """The file exists but is not a whole image."""


def decode_rgb(path: Path | str) -> Image.Image:
    """Decode an image of any mode to RGB: palette, grey, alpha (dropped), CMYK, 16 bits (upper 8 kept).

    An EXIF orientation is ignored, as in every public loader of this field: label maps and boxes count stored pixels.
    Raises: DecodeError for a file that does not decode to its end; OSError for a file that cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            with Image.open(file) as image:
                image.load()
                if image.mode == "I" or image.mode.startswith("I;16"):
                    # Pillow would clip 16-bit values at 255 and so turn most of the image white.
                    return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
                return image.convert("RGB")
        except Exception as error:
            # Pillow's decoders raise nearly anything on a damaged file: OSError, SyntaxError, ValueError, zlib.error.
            raise DecodeError(f"{os.fspath(path)}: does not decode ({error})") from error

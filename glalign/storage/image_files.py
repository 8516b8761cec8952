"""One way from an image file to RGB pixels, used by the checks, the stores and the reports alike."""

import os
from pathlib import Path

from PIL import Image

VERSION = 1
"""Of what becomes of a file here and in the stores: a cache of decoded images made by another one is made again."""


class DecodeError(Exception):
    """The file is there and is not a picture, or only a part of one."""


def decode_rgb(path: Path | str) -> Image.Image:
    """The whole picture as RGB, whatever its mode: palette, grey, alpha (dropped), CMYK, 16 bits (upper 8 kept).

    An EXIF orientation is ignored, as every public loader of this field does: label maps and boxes count stored pixels.
    Raises: DecodeError for a file that does not decode to its end; OSError when there is none to read.
    """
    with Path(path).open("rb") as file:
        try:
            with Image.open(file) as picture:
                picture.load()
                if picture.mode == "I" or picture.mode.startswith("I;16"):
                    # Pillow would clip 16-bit values at 255 and so turn most of the picture white.
                    picture = picture.convert("I").point(lambda value: value / 256).convert("L")  # noqa: PLW2901
                return picture.convert("RGB")
        except Exception as error:
            # Pillow's decoders raise nearly anything on a damaged file: OSError, SyntaxError, ValueError, zlib.error.
            raise DecodeError(f"{os.fspath(path)}: does not decode ({error})") from error

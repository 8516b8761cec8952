"""Sheets of small pictures: many images in one WebP file each, placed in rows."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from glalign.storage.image_files import DecodeError, decode_rgb
from glalign.storage.parallel_decode import cores, map_in_threads
from glalign.support.errors import UserError

TILE = (48, 96)
"""Width and height of a picture in pixels; other proportions are stretched, as they are before training."""

COLUMNS = 40
PER_SHEET = COLUMNS * 160
"""Pictures of a sheet: WebP has at most 16,383 pixels a side."""

QUALITY = 50


def sheets(paths: Sequence[Path]) -> list[str]:
    """Data URIs of sheets that show the images in order. Raises: UserError for an image that cannot be read."""
    return [_sheet(paths[start : start + PER_SHEET]) for start in range(0, len(paths), PER_SHEET)]


def _sheet(paths: Sequence[Path]) -> str:
    width, height = TILE
    rows = -(-len(paths) // COLUMNS)
    sheet = Image.new("RGB", (width * min(COLUMNS, len(paths)), height * rows), "white")
    for place, picture in enumerate(map_in_threads(tile, paths, cores())):
        sheet.paste(picture, (place % COLUMNS * width, place // COLUMNS * height))
    return data_uri(sheet, "WEBP", quality=QUALITY, method=4)


def data_uri(picture: Image.Image, kind: str, **options: int) -> str:
    """A picture as an address that holds it. kind: format, as Pillow names it."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def tile(path: Path) -> Image.Image:
    """An image in the size of a tile. Raises: UserError for one that cannot be read."""
    try:
        return decode_rgb(path).resize(TILE, Image.Resampling.LANCZOS)
    except (DecodeError, OSError) as error:
        raise UserError(f"{path}: cannot be shown on the page ({error}); restore it and run again") from error

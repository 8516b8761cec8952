"""README's picture of a table: `python -m glalign.reporting.table_picture results/table4.tex docs/images/table4.png`.

Needs lualatex with the packages of results/tables.pdf, and pdftoppm (Debian: poppler-utils).
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import ImageChops
from PIL.PngImagePlugin import PngInfo

from glalign.reporting.document import PREAMBLE
from glalign.reporting.typesetting import OPTIONS, find_engine
from glalign.storage.image_files import decode_rgb
from glalign.support.errors import exit_on_user_error

DPI = 113
MARGIN = 12
"""Pixels around the table."""
COLOURS = 16
"""Greys of the picture."""

TABLE = "table"


def draw(table: Path, picture: Path) -> None:
    """Typeset the .tex file of a table, crop the page to it and write a PNG of few colours.

    The PNG's text TABLE is the SHA-256 of the CSV beside the .tex file: a test tells a picture of other numbers.
    """
    number = int(table.stem.removeprefix("table"))
    with tempfile.TemporaryDirectory() as build:
        page = Path(build) / "page.tex"
        counter = f"\\pagestyle{{empty}}\n\\setcounter{{table}}{{{number - 1}}}\n"
        inputs = f"\\begin{{document}}\n{counter}\\input{{{table.resolve()}}}\n\\end{{document}}\n"
        page.write_text(PREAMBLE + inputs, encoding="utf-8")
        subprocess.run([find_engine(), *OPTIONS, page.name], cwd=build, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["pdftoppm", "-r", str(DPI), "-png", "-singlefile", "page.pdf", "page"], cwd=build, check=True)
        image = decode_rgb(Path(build) / "page.png")
    left, top, right, bottom = ImageChops.invert(image).getbbox() or (0, 0, *image.size)
    cropped = image.crop((left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN))
    text = PngInfo()
    text.add_text(TABLE, hashlib.sha256(table.with_suffix(".csv").read_bytes()).hexdigest())
    cropped.quantize(COLOURS).save(picture, optimize=True, pnginfo=text)


if __name__ == "__main__":
    exit_on_user_error(draw, Path(sys.argv[1]), Path(sys.argv[2]))

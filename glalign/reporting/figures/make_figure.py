"""A figure as PDF: LaTeX sets its texts as text and places its images. And the .tex file that includes it."""

import tempfile
from pathlib import Path

from PIL import Image

from glalign.config.typed_json import read_typed
from glalign.contract.figures import FailureFigure, ParsingFigure
from glalign.parsing.label_maps import map_file, read_labels
from glalign.planning.figure_stages import FigureSpec
from glalign.reporting.figures import failure_drawing, parsing_drawing
from glalign.reporting.figures.drawing import Drawing, document
from glalign.reporting.figures.region_picture import region_picture
from glalign.reporting.plain_table import target_of
from glalign.reporting.tex_frame import CAPTION, ENVIRONMENT, LABEL, forget, hooks
from glalign.reporting.tex_text import comment, escape
from glalign.reporting.typesetting import typeset
from glalign.storage.image_files import DecodeError, decode_rgb
from glalign.storage.whole_files import write_text
from glalign.support.errors import UserError

LARGEST = (240, 480)
"""Width and height in pixels to which a picture is reduced: 300 to an inch and more as it is printed."""

NEEDS = r"needs: graphicx, and \graphicspath{{FOLDER/}} where the PDF lies in another folder"


def make_figure(spec: FigureSpec, pdf: Path, include: Path, log: Path | None) -> None:
    """Write the figure and the .tex file that includes it with its caption.

    Raises: UserError when LaTeX is missing, or naming an image or a label map that cannot be read.
    """
    if spec.figure == "2":
        parsing = read_typed(spec.examples, ParsingFigure)
        drawing, caption = parsing_drawing.draw(parsing), parsing_drawing.caption(parsing)
    else:
        failures = read_typed(spec.examples, FailureFigure)
        drawing, caption = failure_drawing.draw(failures), failure_drawing.caption(failures)
    with tempfile.TemporaryDirectory() as build:
        tex = pdf.with_suffix(".drawing.tex")
        write_text(Path(build) / tex.name, document(drawing))
        for name, picture in _pictures(spec, drawing).items():
            picture.save(Path(build) / name, "PNG")
        typeset(tex, Path(build), pdf, (log or tex).with_suffix(".engine.log"), runs=1)
    write_text(include, included(pdf, caption))


def _pictures(spec: FigureSpec, drawing: Drawing) -> dict[str, Image.Image]:
    """File of the drawing -> picture."""
    found = dict(drawing.swatches)
    for name, (dataset, image) in drawing.images.items():
        found[name] = photograph(Path(spec.images[dataset] or "", image))
    for name, (dataset, image) in drawing.maps.items():
        found[name] = region_picture(read_labels(map_file(spec.parts[dataset], image)), spec.dress)
    return found


def photograph(path: Path) -> Image.Image:
    """An image, reduced to at most LARGEST. Raises: UserError for one that cannot be read."""
    try:
        picture = decode_rgb(path)
    except (DecodeError, OSError) as error:
        raise UserError(f"{path}: cannot be shown in a figure ({error}); restore it and run again") from error
    picture.thumbnail(LARGEST, Image.Resampling.LANCZOS)
    return picture


def included(pdf: Path, caption: str) -> str:
    """The .tex file of a figure: it floats over both columns, with the hooks of the tables. caption: plain text."""
    values = {CAPTION: escape(caption), LABEL: f"fig:glalign-{pdf.stem}", ENVIRONMENT: "figure*"}
    begin, end = (f"\\expandafter\\{what}\\expandafter{{{ENVIRONMENT}}}" for what in ("begin", "end"))
    return (
        f"{comment(f'generated: snakemake --cores 1 {target_of(pdf)}')}"
        f"{comment(NEEDS)}"
        f"{hooks(values)}{begin}[htbp]\n\\centering\n\\includegraphics[width=\\linewidth]{{{pdf.name}}}\n"
        f"\\caption{{{CAPTION}}}\n\\label{{{LABEL}}}\n{end}\n{forget(tuple(values))}"
    )

"""Figure 2: images, their regions, and captions whose noun phrases are marked by region."""

from collections.abc import Sequence

from glalign.contract.figures import FailureCase, ParsingBlock, ParsingFigure
from glalign.reporting.figures.drawing import FRAME, WIDTH, Drawing, framed, marked, paragraph
from glalign.reporting.tex_text import escape

LANGUAGES = {"en": "English", "vi": "Vietnamese"}
GAP = 12  # points between the columns
COLUMN = (WIDTH - GAP) / 2
TEXT = COLUMN - 2 * FRAME - 12  # beside two framed pictures


def draw(figure: ParsingFigure) -> Drawing:
    """The blocks beside one another, and the legend below."""
    drawing = Drawing()
    columns = [_block(block, figure.data_note, drawing) for block in figure.blocks]
    body = f"\\hspace{{{GAP}pt}}".join(columns)
    drawing.body = f"\\hbox{{{body}}}\n\\vskip 8pt\n\\centerline{{{drawing.legend()}}}\n"
    return drawing


def caption(figure: ParsingFigure) -> str:
    """The caption of the figure as plain text."""
    data = f" Data: {figure.data_note}." if figure.data_note else ""
    return (
        "Human parsing and noun phrases. Of each example the image, its label map in the five regions, and a caption "
        f"whose noun phrases are in bold, each followed by its region. {figure.rule}{data}{hidden(figure.blocks)}"
    )


def source(label: str, data_note: str) -> str:
    """LaTeX of the name of a dataset; data_note: what its data are, where they are not the paper's."""
    return escape(f"{label} ({data_note})" if data_note else label)


def hidden(data: Sequence[ParsingBlock | FailureCase]) -> str:
    """A sentence on the datasets whose captions and images are left out; empty if there are none."""
    labels = dict.fromkeys(one.label for one in data if not one.shown)
    if not labels:
        return ""
    return f" Captions and images of {', '.join(labels)} are left out: page.permitted does not name them."


def _block(block: ParsingBlock, data_note: str, drawing: Drawing) -> str:
    heading = f"\\textbf{{{source(block.label, data_note)}}}, {LANGUAGES[block.language]}"
    rows = [_note(block.note)] if block.note else []
    for one in block.examples:
        image = framed(drawing.image(block.dataset, one.image, block.shown))
        regions = framed(drawing.label_map(block.dataset, one.image, block.shown))
        text = marked(one.caption, one.phrases) if block.shown else f"Names {', '.join(one.regions) or 'no region'}."
        texts = paragraph(text, TEXT)
        middle = "\\raisebox{{-.5\\height}}{{{}}}".format
        rows.append(f"{middle(image)}\\hspace{{4pt}}{middle(regions)}\\hspace{{8pt}}{texts}")
    lines = "\\\\[5pt]\n".join([heading, *rows])
    return f"\\parbox[t]{{{COLUMN:g}pt}}{{\\raggedright {lines}}}"


def _note(note: str) -> str:
    return f"No example: {escape(note)}."

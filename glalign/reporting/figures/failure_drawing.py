"""Figure 3: for each cause a query, and the first images of both systems as hits and misses."""

from glalign.contract.figures import Answer, FailureCase, FailureFigure
from glalign.reporting.figures.drawing import FRAME, HIT, MISS, WIDTH, Drawing, coloured, framed, paragraph
from glalign.reporting.figures.parsing_drawing import LANGUAGES, hidden, source
from glalign.reporting.tex_text import escape

GAP = 3  # points between two pictures
STRIP = 3 * FRAME + 2 * GAP
TEXT = WIDTH - FRAME - 2 * STRIP - 3 * 9


def draw(figure: FailureFigure) -> Drawing:
    """A row of text, query and answers for each cause, one below the other."""
    drawing = Drawing()
    rows = [
        _case(letter, one, figure.data_note, drawing) for letter, one in zip("abcdefgh", figure.cases, strict=False)
    ]
    drawing.body = "\n\\vskip 7pt\\hrule height .3pt\\vskip 7pt\n".join(rows) + "\n"
    return drawing


def caption(figure: FailureFigure) -> str:
    """The caption of the figure as plain text."""
    data = f" Data: {figure.data_note}." if figure.data_note else ""
    return (
        "Queries that GLAlign's global branch alone or its full model misses, by cause. From left to right: the "
        "caption, the image that it describes, and the first three images of each system with the rank of its first "
        "hit. A whole frame and the word hit: the person asked for; a dashed frame and the word miss: another person. "
        f"{figure.rule}{data}{hidden(figure.cases)}"
    )


def _case(letter: str, case: FailureCase, data_note: str, drawing: Drawing) -> str:
    data = f"{source(case.label, data_note)}, {LANGUAGES[case.language]}"
    title = f"\\textbf{{({letter}) {escape(case.title)}}}\\\\{{\\scriptsize {data}}}\\\\[3pt]"
    if case.example is None:
        return f"\\hbox{{{paragraph(f'{title} No example: {escape(case.note)}.', WIDTH, 't')}}}"
    one, lines = case.example, [title]
    if case.shown:
        lines.append(f"``{escape(one.caption)}''\\\\[3pt]")
    lines.append(f"{{\\scriptsize {escape(one.detail)}{_counts(case)}}}")
    asked = _below("described", framed(drawing.image(case.dataset, one.image, case.shown)), FRAME)
    strips = [_strip(answer, case, drawing) for answer in (one.without, one.full)]
    parts = [f"\\parbox[t]{{{TEXT}pt}}{{\\vskip 0pt\\raggedright {' '.join(lines)}}}", asked, *strips]
    row = "\\hskip 9pt ".join(parts)
    return f"\\hbox{{{row}}}"


def _strip(answer: Answer, case: FailureCase, drawing: Drawing) -> str:
    """The first images of a system below its name."""
    columns = []
    for place, found in enumerate(answer.top, 1):
        word, colour = ("hit", HIT) if found.hit else ("miss", MISS)
        picture = framed(drawing.image(case.dataset, found.image, case.shown), word)
        below = coloured(f"{place}: \\textbf{{{word}}}", colour)
        columns.append(f"\\parbox[b]{{{FRAME}pt}}{{\\centering\\scriptsize {picture}\\\\[1pt]{below}}}")
    head = f"{escape(answer.label)}: rank {answer.first}"
    return _below(head, f"\\hskip {GAP}pt ".join(columns), STRIP)


def _below(head: str, content: str, width: float) -> str:
    return f"\\parbox[t]{{{width}pt}}{{\\vskip 0pt\\centering {{\\scriptsize {head}}}\\\\[2pt]{content}}}"


def _counts(case: FailureCase) -> str:
    counts = case.counts
    if counts is None:
        return ""
    total = counts.both + counts.only_full + counts.only_global + counts.neither
    return (
        f" Of {total} such queries both find {counts.both} first, only the full model {counts.only_full}, only the "
        f"global branch {counts.only_global}, neither {counts.neither}."
    )

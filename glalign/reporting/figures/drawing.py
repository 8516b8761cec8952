"""LaTeX of a drawing: pictures in frames, captions with marked phrases, and the page that is as large as all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from glalign.contract.figures import MarkedPhrase
from glalign.contract.regions import REGIONS
from glalign.reporting.figures.region_picture import darker, swatch
from glalign.reporting.tex_text import escape
from glalign.reporting.typesetting import LOCK

WIDTH = 488
"""Of a drawing, in points: the text width of a page of two columns."""

PICTURE = (40, 80)
"""Width and height of a framed picture in points; one of other proportions keeps them inside the frame."""

FRAME = PICTURE[0] + 6
"""Width of a picture with its frame in points."""

HIT, MISS = (0, 110, 60), (170, 20, 30)

HEAD = r"""\documentclass[10pt]{article}
\pdfvariable suppressoptionalinfo 512 % no id made from time and place: the same examples give the same bytes
\usepackage{fontspec}
\usepackage{graphicx}
\usepackage{color}
\setlength{\parindent}{0pt}
\setlength{\fboxsep}{0pt}
\hyphenpenalty=10000 % TeX would hyphenate Vietnamese as English
\unitlength=1pt
"""

PAGE = r"""\hoffset=\dimexpr 3pt-1in\relax
\voffset=\hoffset
\pagewidth=\dimexpr\wd0+6pt\relax
\pageheight=\dimexpr\ht0+\dp0+6pt\relax
\shipout\box0
"""


@dataclass
class Drawing:
    """A drawing. body: LaTeX. images, maps: name of a file that it reads -> (dataset, image). swatches: pictures."""

    body: str = ""
    images: dict[str, tuple[str, str]] = field(default_factory=dict)
    maps: dict[str, tuple[str, str]] = field(default_factory=dict)
    swatches: dict[str, Image.Image] = field(default_factory=dict)

    def image(self, dataset: str, image: str, shown: bool) -> str:
        """LaTeX of an image, or of its name where it may not be shown."""
        return self._file(self.images, "image", dataset, image) if shown else named(image)

    def label_map(self, dataset: str, image: str, shown: bool) -> str:
        """LaTeX of the regions of an image, or of a word where they may not be shown."""
        return self._file(self.maps, "map", dataset, image) if shown else named("label map")

    def _file(self, files: dict[str, tuple[str, str]], kind: str, dataset: str, image: str) -> str:
        name = f"{kind}{len(files)}.png"
        files[name] = (dataset, image)
        width, height = PICTURE
        return f"\\includegraphics[width={width}bp,height={height}bp,keepaspectratio]{{{name}}}"

    def legend(self) -> str:
        """LaTeX of the names of the regions with their colours and hatching."""
        parts = []
        for region in REGIONS:
            name = f"{region.lower()}.png"
            self.swatches[name] = swatch(region, 72, 36)
            parts.append(f"\\raisebox{{-1pt}}{{\\includegraphics[width=18bp,height=9bp]{{{name}}}}} {region}")
        return "\\hspace{12pt}".join(parts)


def document(drawing: Drawing) -> str:
    """A document of one page, as large as the drawing."""
    box = f"\\setbox0\\vbox{{\\hsize={WIDTH}pt\n{drawing.body}}}\n"
    return f"{HEAD}{LOCK}\\begin{{document}}\n\\footnotesize\n{box}{PAGE}\\end{{document}}\n"


def named(name: str) -> str:
    """The name of a picture in its place; it breaks where a path does."""
    width = PICTURE[0] - 6
    text = "/\\allowbreak ".join(escape(part) for part in name.split("/"))
    return f"\\parbox{{{width}pt}}{{\\centering\\tiny\\itshape {text}}}"


def framed(content: str, frame: str = "plain") -> str:
    """A picture in a frame: a thin grey one, a thick whole one for a "hit", a thick dashed one for a "miss"."""
    width, height = FRAME, PICTURE[1] + 6
    colour, line = {"plain": ((150, 150, 150), 0.4), "hit": (HIT, 2), "miss": (MISS, 2)}[frame]
    kind = "\\dashbox{6}" if frame == "miss" else "\\framebox"
    box = f"\\put(1,1){{{kind}({width - 2},{height - 2}){{}}}}"
    drawn = f"{{\\linethickness{{{line}pt}}\\color[rgb]{{{rgb(colour)}}}{box}}}"
    centre = f"\\put({width / 2:g},{height / 2:g}){{\\makebox(0,0){{{content}}}}}"
    return f"\\begin{{picture}}({width},{height}){centre}{drawn}\\end{{picture}}"


def rgb(colour: tuple[int, int, int]) -> str:
    """A colour as LaTeX names it.

    >>> rgb((255, 0, 51))
    '1.000,0.000,0.200'
    """
    return ",".join(f"{value / 255:.3f}" for value in colour)


def coloured(text: str, colour: tuple[int, int, int]) -> str:
    """LaTeX in a colour."""
    return f"\\textcolor[rgb]{{{rgb(colour)}}}{{{text}}}"


def marked(caption: str, phrases: Sequence[MarkedPhrase]) -> str:
    """LaTeX of a caption whose phrases are bold, in the colour of their region and followed by its name."""
    parts, end = [], 0
    for phrase in phrases:
        name = f"\\textsubscript{{\\fontsize{{4.5}}{{5}}\\selectfont {phrase.region}}}"
        bold = f"\\textbf{{{escape(caption[phrase.start : phrase.end])}}}{name}"
        parts += [escape(caption[end : phrase.start]), coloured(bold, darker(phrase.region))]
        end = phrase.end
    return "".join([*parts, escape(caption[end:])])


def paragraph(text: str, width: float, place: str = "c") -> str:
    """A block of text without justification. text: LaTeX."""
    return f"\\parbox[{place}]{{{width:g}pt}}{{\\raggedright {text}}}"

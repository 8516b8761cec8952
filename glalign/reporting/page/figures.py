"""Figures 2 and 3 on the page: the examples, with their pictures as addresses that hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.figures import FailureFigure, MarkedPhrase, ParsingFigure
from glalign.contract.regions import REGIONS
from glalign.parsing.label_maps import map_file, read_labels
from glalign.planning.page_stage import PageFigures
from glalign.reporting.figures.region_picture import region_picture, swatch
from glalign.reporting.page.sprites import QUALITY, data_uri, tile
from glalign.support.errors import UserError


@dataclass(frozen=True)
class Figures:
    """The figures. legend: region -> its colour and hatching. spec: where their pictures are."""

    parsing: ParsingFigure
    failures: FailureFigure
    legend: dict[str, str]
    spec: PageFigures

    def image(self, dataset: str, image: str) -> str:
        """The address of an image."""
        folder = self._folder(self.spec.images, dataset)
        return data_uri(tile(Path(folder, image)), "WEBP", quality=QUALITY, method=4)

    def label_map(self, dataset: str, image: str) -> str:
        """The address of the regions of an image."""
        labels = read_labels(map_file(self._folder(self.spec.parts, dataset), image))
        return data_uri(region_picture(labels, self.spec.dress), "PNG")

    def _folder(self, folders: Mapping[str, str | None], dataset: str) -> str:
        if dataset not in folders:
            files, known = f"{self.spec.parsing} or {self.spec.failures}", ", ".join(folders)
            raise UserError(f"{files}: dataset {dataset!r}; known are {known}; delete both and run again")
        return folders[dataset] or ""


def read_figures(spec: PageFigures | None) -> Figures | None:
    """The figures; None where they are not made. Raises: UserError for a damaged record, or a picture that is not."""
    if spec is None or not (Path(spec.parsing).is_file() and Path(spec.failures).is_file()):
        return None
    legend = {region: data_uri(swatch(region, 48, 24), "PNG") for region in REGIONS}
    parsing, failures = read_typed(spec.parsing, ParsingFigure), read_typed(spec.failures, FailureFigure)
    return Figures(parsing, failures, legend, spec)


def pieces(caption: str, phrases: Sequence[MarkedPhrase]) -> list[tuple[str, str]]:
    """(text, region) of the parts of a caption, the region empty outside of marked phrases.

    >>> pieces("a cap.", [MarkedPhrase(start=2, end=5, region="HEAD")])
    [('a ', ''), ('cap', 'HEAD'), ('.', '')]
    """
    found, end = [], 0
    for phrase in phrases:
        found += [(caption[end : phrase.start], ""), (caption[phrase.start : phrase.end], phrase.region)]
        end = phrase.end
    return [(text, region) for text, region in [*found, (caption[end:], "")] if text]

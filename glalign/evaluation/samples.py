"""What the samples that a person judges have in common: the rules for the phrases of a manifest, and its images."""

from pathlib import Path
from typing import cast

from glalign.config.loading import Config
from glalign.config.settings import Phrases
from glalign.config.typed_json import read_typed
from glalign.contract.results import DatasetStatistics
from glalign.contract.specs.data import ParseSpec, PhrasesSpec
from glalign.planning.draft import synthetic_source
from glalign.planning.plan import plan_of
from glalign.support.errors import UserError


def phrase_rules(manifest: Path, phrases: Phrases) -> PhrasesSpec:
    """How phrases of a manifest are found. The language is that of the statistics beside it."""
    return PhrasesSpec.from_fields_of(phrases, manifest=str(manifest), language=_statistics(manifest).language)


def image_folder(manifest: Path, config: Config) -> Path:
    """The folder of the images of a manifest's dataset in a configuration. Raises: UserError if there is none."""
    dataset = _statistics(manifest).dataset
    known = plan_of(config).jobs["parse"]
    shown = synthetic_source(config, dataset) or dataset if dataset in config.datasets else dataset
    if shown not in known:
        raise UserError(f"{manifest}: the configuration has no images of {dataset}; name their folder with --images")
    return Path(cast(ParseSpec, known[shown].spec).images)


def _statistics(manifest: Path) -> DatasetStatistics:
    return read_typed(manifest.with_suffix(".json"), DatasetStatistics)

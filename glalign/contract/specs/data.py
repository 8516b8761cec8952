"""Specifications of the data stages: synthetic datasets, manifests, part label maps, noun phrases."""

from typing import Literal

from glalign.config.datasets import Language, Splits, Synthetic
from glalign.contract.specs.base import OptionalPlace, Place, Spec


class SynthesizeSpec(Synthetic, Spec):
    """A dataset of synthetic people: domain, identities of each split, mean number of images."""

    people: str
    language: Language
    root_seed: int


class TranslateSpec(Spec):
    """A machine translation of the synthetic dataset in the folder `source`."""

    source: str
    source_language: Language
    language: Language
    root_seed: int


class ManifestSpec(Spec):
    """A dataset to check: its release in `root`, and what becomes of it."""

    dataset: str
    language: Language
    format: str
    root: Place
    annotations: OptionalPlace = None
    images: OptionalPlace = None
    allow_partial: bool = False
    splits: Splits
    holdout: int
    root_seed: int


class SourceCaptions(Spec):
    """The captions that those of a dataset are translated from, with the translations of their noun phrases.

    file: phrases and translations that a user brings. manifest, translation: where there is no such file, the manifest
    of the source and the log of the translator; segmenter: of Vietnamese captions of the source.
    """

    language: Language
    file: str | None = None
    manifest: str | None = None
    translation: str | None = None
    segmenter: str | None = None


class PhrasesSpec(Spec):
    """How noun phrases of the captions of a manifest are found.

    segmenter: of Vietnamese captions. translated_from: the captions that phrases and regions are found in, where these
    are not the manifest's own (D17).
    """

    manifest: str
    language: Language
    lexicon: Literal["paper", "repaired"] = "repaired"
    chunker: Literal["spacy", "words"]
    match: Literal["words", "substrings"]
    several: Literal["nearest", "all"]
    segmenter: str | None = None
    translated_from: SourceCaptions | None = None


class CoverageSpec(PhrasesSpec):
    """The same, for both keyword lists.

    truth: the generator's truth.json, of synthetic data. labels: a hand-labelled sheet of phrases, used in its place.
    """

    truth: str | None = None
    labels: str | None = None


class ParseSpec(Spec):
    """How part label maps of the images of a manifest are made.

    labels: folder of true maps, of synthetic data: what the maps are compared with, or the maps themselves (truth).
    weights, name: folder and name of the parser.
    """

    manifest: str
    images: Place
    method: Literal["segformer", "stripes", "truth"]
    labels: str | None
    weights: str
    name: str
    threads: int
    device: str

"""Specifications of the tiny pre-trained twins."""

from glalign.config.twins import Recipe, Vocabulary
from glalign.contract.specs.base import Spec


class VocabularySpec(Vocabulary, Spec):
    """A vocabulary: its recipe and its name."""

    name: str


class PretrainSpec(Recipe, Spec):
    """A file of weights: its recipe, its name, and where it is made. weights: folder of the files it starts from."""

    name: str
    weights: str
    threads: int
    device: str

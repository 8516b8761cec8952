"""The sections of the tiny twins: vocabularies, and recipes of pre-trained weights."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from glalign.config.base import Section, Unique
from glalign.config.datasets import Domain, Language, check_written
from glalign.config.training import Data, Optim


class Corpus(Section):
    """Synthetic people who appear in no benchmark split."""

    domain: Domain = Field(description="appearance of the people and wording of the captions")
    identities: int = Field(ge=1, description="number of people")
    images: int = Field(ge=1, description="images of a person")
    seed: int = Field(ge=0, description="seed of the corpus")
    languages: Unique[Language] = Field(("en",), description="two captions of every image in each of these languages")

    @model_validator(mode="after")
    def _somebody_writes_the_captions(self) -> Self:
        check_written(self.domain, self.languages, "domain")
        return self


class Vocabulary(Section):
    """A vocabulary that `snakemake pretrain` makes."""

    family: Literal["bert", "roberta", "phobert", "gpt2"] = Field(
        description="WordPiece as BERT's, Unigram as XLM-R's, PhoBERT's pair of files, or byte pairs as GPT-2's"
    )
    size: int = Field(ge=100, description="entries, special tokens included")
    corpus: Corpus = Field(description="captions that it is made of")


class Recipe(Section):
    """How `snakemake pretrain` makes one file of weights."""

    kind: Literal["clip", "multilingual", "resnet", "vgg", "bert", "phobert", "gpt2", "albef", "parser"] = Field(
        description="network and training objective"
    )
    seed: int = Field(ge=0, description="seed of the training")
    steps: int = Field(ge=1, description="optimiser steps")
    held_out: int = Field(ge=1, description="people kept for the record of the training")
    validate_every: Annotated[int, Field(ge=1)] | None = Field(
        None, description="steps between two scores on the held-out people; all but parser"
    )
    corpus: Corpus | None = Field(None, description="training data; all but parser")
    model: dict[str, Any] = Field({}, description="options of the network; all but parser")
    data: Data | None = Field(None, description="images and batches, for kinds that see images")
    sampling: Literal["pairs", "identity"] | None = Field(
        None, description="what an epoch is, for kinds that see pairs"
    )
    optim: Optim | None = Field(None, description="optimiser; all but parser")
    batch: Annotated[int, Field(ge=1)] | None = Field(
        None, description="images of a step of the parser, or captions of a step of bert, phobert or gpt2"
    )
    domain: Domain | None = Field(None, description="appearance of the parser's people")
    identities: Annotated[int, Field(ge=1)] | None = Field(None, description="people that the parser is trained on")
    images: Annotated[int, Field(ge=1)] | None = Field(None, description="images of each of the parser's people")
    lr: Annotated[float, Field(gt=0)] | None = Field(None, description="peak learning rate of the parser")
    weight_decay: Annotated[float, Field(ge=0)] | None = Field(None, description="weight decay of the parser")

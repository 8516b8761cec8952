"""The sections of datasets and test sets."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from glalign.config.base import Section, Several, Text, Unique, refused

Language = Literal["en", "vi"]
Split = Literal["train", "val", "test"]
Domain = Literal["street", "plaza", "pretrain"]
"""Appearances of synthetic people (glalign/synthetic/domains)."""

WRITTEN: Mapping[Domain, tuple[Language, ...]] = {"street": ("en", "vi"), "plaza": ("vi",), "pretrain": ("en", "vi")}
"""The languages of a domain's annotators."""

Count = Annotated[int, Field(ge=1)]


class Splits(Section):
    """The release's name of each of our splits."""

    train: str = Field("train", description="split that is trained on")
    val: str | None = Field("val", description="split that selects the weights; null if the release has none")
    test: str = Field("test", description="split that is scored once")


class Synthetic(Section):
    """What is generated when there is no root."""

    domain: Domain = Field(
        description="appearance of the people and wording of the captions; plaza has no English ones"
    )
    train: int = Field(ge=1, description="training identities")
    val: int = Field(ge=0, description="validation identities")
    test: int = Field(ge=1, description="test identities")
    images: float = Field(ge=1, description="mean number of images of an identity")


class Dataset(Section):
    """A dataset: a release in `root`, or generated, or a machine translation of a generated one."""

    label: str = Field(description="name in the tables; tables 1 and 3 find the dataset by it")
    language: Language = Field(description="language of the captions")
    people: str = Field(description="datasets with the same value share identity numbers and splits")
    format: Literal[
        "cuhk_pedes", "cuhk_pedes_vn", "vn3k", "vn3k_vi", "v2e", "vn3k_mixed_vi", "vn3k_mixed_en", "icfg_pedes",
        "rstpreid", "rasa", "tbps_clip", "vitaa", "aptm", "ssan",
    ] = Field("cuhk_pedes", description="how the release writes its annotations (docs/datasets.md)")  # fmt: skip
    root: str | None = Field(None, description="folder of the release; null generates `synthetic` instead")
    annotations: str | None = Field(
        None, description="annotation file below the root when it is not the format's own; {split} stands for a split"
    )
    images: str | None = Field(None, description="image folder below the root when it is not the format's own")
    images_from: Several[Text] | None = Field(
        None, description="datasets that the images were cut from; null: as published of the format's release"
    )
    allow_partial: bool = Field(
        False, description="leave out images that are missing; the manifest counts them and every table says so"
    )
    splits: Splits = Field(Splits(), description="the release's name of each of our splits")
    holdout: int = Field(0, ge=0, description="identities moved from train to val (D16, D31)")
    translated: str | None = Field(
        None, description="synthetic dataset that this one is a machine translation of, when there is no root"
    )
    labelled_phrases: str | None = Field(
        None,
        description="hand-labelled sheet of noun phrases, the denominator of coverage where no generator tells the "
        "true ones; `glalign phrases sample` makes it (D32)",
    )
    synthetic: Synthetic | None = Field(None, description="what to generate when there is no root")

    @model_validator(mode="after")
    def _somebody_writes_the_captions(self) -> Self:
        if self.root is None and self.synthetic is not None:
            check_written(self.synthetic.domain, [self.language], "synthetic.domain")
        return self


def check_written(domain: Domain, languages: Iterable[Language], key: str) -> None:
    """The annotators of a domain write these languages. Raises: an error of pydantic about the key."""
    for language in languages:
        if language not in WRITTEN[domain]:
            other = ", ".join(name for name, known in WRITTEN.items() if language in known)
            raise refused(key, f"nobody of {domain!r} writes captions in {language}; choose one of {other}")


class Testset(Section):
    """A test set: splits, identities, gallery and what counts as a hit."""

    __test__ = False  # no class of tests

    dataset: str = Field(description="id of a dataset")
    splits: Unique[Split] = Field(("test",), description="splits whose images and captions are used (D13)")
    identities: Count | None = Field(None, description="identities drawn with a fixed seed; null for all (D12)")
    draws: int = Field(1, ge=1, description="number of such draws; metrics are over all of them")
    gallery: Literal["all", "one_per_identity"] = Field(
        "all", description="all images, or the first of each identity (D27)"
    )
    hit: Literal["identity", "image"] = Field(
        "identity", description="what counts as found: any image of the person, or the caption's own (D27)"
    )

    @model_validator(mode="after")
    def _draws_of_identities(self) -> Self:
        if self.draws > 1 and self.identities is None:
            raise refused("draws", f"{self.draws} draws of what? Set `identities`")
        return self

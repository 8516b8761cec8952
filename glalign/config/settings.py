"""Every key of a configuration with its type, default, range and meaning: declared here and nowhere else.

`python -m glalign.config.reference` writes the JSON schema (config/schema.yaml) and the key tables of
config/README.md from these classes; a test compares them.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator, model_validator
from pydantic_core import PydanticKnownError

from glalign.config.base import Resamples, Section, Several, Text, Unique, refused
from glalign.config.datasets import Dataset, Language, Testset
from glalign.config.readings import Reading
from glalign.config.training import Budget, Data, Memory, Optim, Runtime
from glalign.config.twins import Recipe, Vocabulary

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
SCENARIOS = ("SE1", "SE2", "SE3", "SE4", "SV1", "SV2", "SV3")
"""Ids of the scenarios, in the order of the paper's tables 4 to 10."""


def _scenario(name: str) -> str:
    if name not in SCENARIOS:
        raise PydanticKnownError("literal_error", {"expected": ", ".join(SCENARIOS)})
    return name


ScenarioId = Annotated[str, AfterValidator(_scenario), WithJsonSchema({"enum": list(SCENARIOS)})]


class Scenario(Section):
    """A pair of a trainset and a testset."""

    train: str = Field(description="id of a trainset")
    test: str = Field(description="id of a testset")


class Parsing(Section):
    """How part label maps are made."""

    method: Literal["segformer", "stripes", "truth"] = Field(
        "segformer", description="parser network, geometric stripes, or the maps that the generator drew (D18)"
    )
    weights: str = Field("tiny_parser", description="weight file of the parser")
    dress: Literal["upper", "lower", "both"] = Field("both", description="regions that dress pixels count for (D19)")


class Phrases(Section):
    """How noun phrases are found and given to a region."""

    source: Literal["caption", "translated"] = Field(
        "caption",
        description="captions that phrases are found in: the dataset's own; or those that it is `translated` from, "
        "whose phrases and regions are carried over (D17)",
    )
    lexicon: Literal["paper", "repaired"] = Field("repaired", description="keyword lists as printed, or repaired (D21)")
    chunker: Literal["spacy", "words"] = Field(
        "spacy", description="noun chunks with a fallback, or keywords and their modifiers"
    )
    match: Literal["words", "substrings"] = Field(
        "words",
        description="how a keyword matches (D21); substrings is useless for English, where ear is in wearing",
    )
    several: Literal["nearest", "all"] = Field(
        "nearest", description="a phrase with keywords of two regions: the one nearest the head noun, or all (D21)"
    )
    segmenter: Literal["pyvi", "underthesea", "vncorenlp"] = Field(
        "pyvi", description="what cuts Vietnamese captions into words; the others have to be installed (D20)"
    )


class Evaluation(Section):
    """How test sets are scored."""

    block: int = Field(512, ge=1, description="queries scored at a time, at most; bounds the memory")
    top: int = Field(10, ge=1, description="gallery entries kept per query")
    bootstrap: Resamples = Field(1000, description="person-level resamples of the interval (D15)")


class Page(Section):
    """What the page of results shows of released data (docs/page.md)."""

    permitted: Several[str] = Field(
        (), description="ids of released datasets whose licence permits captions and images on results/index.html and "
        "in Figures 2 and 3; those of drawn people are always there"
    )  # fmt: skip


class PlanDevice(Section):
    """The device that `glalign plan` estimates hours for (docs/cluster.md)."""

    tflops: float = Field(50.0, ge=1e-3, description="peak of the device, in 10^12 operations a second")
    utilisation: float = Field(0.3, ge=1e-3, le=1, description="share of the peak that a training reaches")


class McNemar(Section):
    """Which runs are tested against each other in results/mcnemar.csv, by the ranks of the first seed."""

    system: str = Field("glalign", description="system that is tested against every other in every scenario")
    ablations: Several[str] = Field(
        ("glalign_global", "glalign_local"), description="its ablations, a family of tests of their own"
    )
    languages: dict[str, str] = Field(
        {"SE1": "SV1"}, description="scenarios with the same queries in two languages; `{}` for none"
    )


class Alpha(Section):
    """Trainings that differ in the weight of the global branch, scored on validation identities (D29)."""

    system: str = Field("glalign", description="id of a system with the options alpha and score_alpha")
    trainset: str = Field("cuhk_en", description="id of a trainset")
    values: Unique[Annotated[float, Field(ge=0, le=1)]] = Field(
        (0.0, 0.2, 0.5, 0.8, 1.0), description="weights that are tried"
    )


class Tuning(Section):
    """How learning rates and lengths are chosen, by `make tuning`."""

    trainsets: Unique[str] = Field(
        ("cuhk_en",), description="trainsets on which rates are tried and, beside those of the tables, lengths"
    )
    seed: int = Field(0, ge=0, description="tuning seed, of the trainings of the search")
    rates: Unique[Annotated[float, Field(gt=0)]] = Field(
        (3.0e-4, 1.0e-3, 3.0e-3, 1.0e-2), description="base rates that every system tries"
    )
    steps: Unique[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        description="lengths in optimiser steps: all rates are tried at the shortest or, if that is shorter, at a "
        "system's own; its rate at each up to its own. With null, or for a length in epochs, all rates are tried at "
        "its own",
    )


class Sensitivity(Section):
    """Other readings of what the paper leaves open, each compared with the configured one (docs/sensitivity.md)."""

    readings: dict[Id, Reading] = Field({}, description="readings by id; config/sensitivity.yaml has them all")
    files: dict[Id, Text] = Field(
        {}, description="overlay of a reading, with keys below `systems`, `parsing`, `phrases` or `testsets`, where it "
        "is not the suite's `config/readings/ID.yaml`"
    )  # fmt: skip


class Change(Section):
    """What is different for captions of a language."""

    model: dict[str, Any] = Field({}, description="options of the class")
    optim: dict[str, Any] = Field({}, description="keys of `optim`")
    length: float = Field(1.0, gt=0, le=1000, description="factor of the length of the training, steps or epochs")


class System(Section):
    """A row of the tables. One that trains has `data`, `optim` and `budget`; one that only scores has none of them."""

    label: str = Field(description="name in the tables")
    extends: str | None = Field(
        None, exclude=True, description="id of a system whose entry lies underneath; applied after overlays"
    )
    class_path: Text | None = Field(
        alias="class", description="dotted path of the class; null for a row of the paper that the suite does not run"
    )
    languages: Unique[Language] = Field(
        ("en", "vi"), description="languages of the captions that it reads; elsewhere its cells are `not run`"
    )
    model: dict[str, Any] = Field(
        {}, description="options of the class: the fields of the dataclass `Options` of its module"
    )
    by_language: dict[Language, Change] = Field(
        {}, description="changes where captions are in a language, such as `{vi: {model: {...}, optim: {...}, length: "
        "2}}`: keys of `model` and `optim`, and a factor of `budget.steps` or `budget.epochs`"
    )  # fmt: skip
    data: Data | None = Field(None, description="images and batches")
    optim: Optim | None = Field(None, description="optimiser")
    budget: Budget | None = Field(None, description="length of the training")
    selection: Literal["val", "last"] = Field("val", description="best validation Rank-1, or the last step")
    memory: Memory = Field(Memory(), description="how a training is made to fit a GPU")

    @model_validator(mode="after")
    def _trains_completely_or_not_at_all(self) -> Self:
        parts = {"data": self.data, "optim": self.optim, "budget": self.budget}
        present = [key for key, part in parts.items() if part is not None]
        for key, part in parts.items():
            if present and part is None:
                raise refused(key, f"missing; a system with {present[0]} needs it too")
        return self

    @property
    def trains(self) -> bool:
        """Whether the system trains; one with a class and no `budget` only scores."""
        return self.class_path is None or self.budget is not None


class Settings(Section, defer_build=True):
    """A complete configuration."""

    profile: Text = Field("demo", description="name in every table")
    extends: Literal["demo", "paper"] | None = Field(
        None, exclude=True, description="the profile that a profile changes, instead of config.yaml alone"
    )
    data_note: str = Field("", description="what the data are, in captions and in the note of every row of ours")
    results: str = Field("results", pattern=r"^[^{}]+$", description="folder of everything generated, without braces")
    weights: Text = Field(
        "glalign/pretrained", description="folder of pre-trained weight files (docs/weights.md); "
        "`results/pretrained` for those that `snakemake pretrain` makes"
    )  # fmt: skip
    show_paper_values: bool = Field(
        True, description="print the paper's numbers beside ours; `false` where data are not the paper's"
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="where models run; cuda that is absent is an error")
    threads: int = Field(
        1, ge=1, description="torch threads of one job, at most the processors that it may use. Sums of floats depend "
        "on it, so it is not the scheduler's choice"
    )  # fmt: skip
    processes: int = Field(
        1, ge=1, description="processes of one training, one GPU each. They share the batch of `data.batch_size`, a "
        "multiple of their number; the learning rate is untouched (docs/distributed.md)"
    )  # fmt: skip
    runtime: Runtime = Field(Runtime(), description="how trainings use the hardware")
    seed: int = Field(0, ge=0, description="root seed, of every named random stream")
    seeds: Unique[Annotated[int, Field(ge=0)]] = Field(
        (0,), description="training seeds: one training of each system and trainset per entry"
    )

    datasets: dict[Id, Dataset] = Field(description="datasets by id")
    trainsets: dict[Id, Unique[str]] = Field(description="datasets that are trained on together, by id")
    testsets: dict[Id, Testset] = Field(description="datasets or parts of them that are tested on, by id")
    scenarios: dict[ScenarioId, Scenario] = Field(description="the seven pairs of a trainset and a testset")
    systems: dict[Id, System] = Field(description="the rows of the tables, by id")

    parsing: Parsing = Field(Parsing(), description="how part label maps are made")
    phrases: Phrases = Field(Phrases(), description="how noun phrases are found and given to a region")
    evaluation: Evaluation = Field(Evaluation(), description="how test sets are scored")
    page: Page = Field(Page(), description="what the page of results shows of released data")
    plan: PlanDevice = Field(PlanDevice(), description="the device that `glalign plan` estimates hours for")
    mcnemar: McNemar = Field(McNemar(), description="which runs are tested against each other")
    alpha: Alpha = Field(Alpha(), description="weights of the global branch that are tried on validation identities")
    tuning: Tuning = Field(Tuning(), description="how learning rates and lengths are chosen")
    sensitivity: Sensitivity = Field(Sensitivity(), description="other readings of what the paper leaves open")
    vocabularies: dict[Id, Vocabulary] = Field({}, description="vocabularies of the twins, by name of the file")
    pretraining: dict[Id, Recipe] = Field({}, description="recipes of the twins, by name of the weight file")

    @field_validator("scenarios")
    @classmethod
    def _all_seven(cls, scenarios: dict[str, Scenario]) -> dict[str, Scenario]:
        for name in SCENARIOS:
            if name not in scenarios:
                raise refused(name, "missing; add it (a pair of a trainset and a testset)")
        return scenarios

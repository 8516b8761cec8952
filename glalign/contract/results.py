"""The records that jobs write as JSON and others read: of a training, a ranks file, its metrics, a size, a dataset."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from glalign.config.base import Section, Several, refused

Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]

Interval = tuple[Percent, Percent]
"""Lower and upper bound, in percent."""

LARGEST = 10**12
"""No job takes so many seconds, steps or MiB. Larger numbers are damage, on which arithmetic overflows."""

Amount = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Rank = Annotated[int, Field(ge=1, le=LARGEST)]


class JobRecord(Section):
    """The content of a JSON file. An optional key that was not given is absent from the file."""

    def to_json(self) -> dict[str, Any]:
        """The given values as plain JSON data, under the names that files use."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Provenance(JobRecord):
    """What made an output: the specification, the digest of the code, versions of libraries."""

    spec: dict[str, Any]
    code: str
    versions: dict[str, str]


class JobTimes(JobRecord):
    """What a job took. run, started: seconds since 1970, at which the workflow and the job's process started.

    cpu: seconds of the process and of those that it waited for. seconds: wall time by kind of `glalign.support.clock`.
    """

    run: Amount | None
    started: Amount
    wall: Amount
    cpu: Amount
    peak_mib: Amount | None
    seconds: dict[str, Amount]


class Selected(JobRecord):
    """The weights that a training kept. val_rank1: validation Rank-1 in percent, None without validation people."""

    rule: Literal["val", "last"]
    val_rank1: Percent | None
    step: Count


class ScoreWeight(JobRecord):
    """The weight of the global cosine in the score that validation people chose at the end of a training (D10).

    val_rank1: validation Rank-1 in percent with it. tried: (weight, validation Rank-1) of every weight that was tried.
    """

    weight: Share
    val_rank1: Percent
    tried: tuple[tuple[Share, Percent], ...]


class Info(JobRecord):
    """What a system knew of its training set when it was built; `glalign.contract.training_info.TrainingInfo`."""

    identities: int
    steps: int
    words: tuple[tuple[str, int], ...]


class RunRecord(Provenance):
    """run.json: a training. pairs: image-caption pairs seen. inputs: path -> SHA-256 of what it read.

    validations: (step, validation Rank-1 in percent, None without validation people) of every validation. score_weight:
    where the configuration says that validation chooses it.
    """

    info: Info
    selected: Selected
    parameters: int
    inputs: dict[str, str]
    steps: int
    pairs: int
    validations: tuple[tuple[Count, Percent | None], ...]
    score_weight: ScoreWeight | None = None


class RanksSummary(Provenance):
    """The record beside a ranks file.

    galleries: gallery images of each draw, where there are several draws. parts: regions whose cosines each row has.
    """

    n_queries: int = Field(ge=1, le=LARGEST)
    n_gallery: int = Field(ge=1, le=LARGEST)
    galleries: Several[Count] = ()
    parts: Several[str] = ()


class Draws(JobRecord):
    """Rank-1 in percent of each draw of a test set."""

    rank1: tuple[Percent, ...]


class MetricsRecord(JobRecord):
    """Metrics of a ranks file, in percent and unrounded.

    hits: k -> exact number of queries whose first hit has rank k or better; a row of ranks calls its ranks `hits`.

    Tables compute Rank-k from `hits`, which add up over seeds; rank1, rank5 and rank10 are for other readers. Ties
    count against the query; the values ending in `_best` count them in its favour. wilson: interval over queries.
    bootstrap: interval over persons. chance: expected Rank-1 of random scores.
    """

    rank1: Percent
    rank5: Percent
    rank10: Percent
    map: Percent
    minp: Percent
    rank1_best: Percent
    rank5_best: Percent
    rank10_best: Percent
    map_best: Percent
    minp_best: Percent
    n_queries: int
    n_gallery: int
    n_persons: int
    hits: dict[str, int]
    wilson: dict[str, Interval]
    bootstrap: dict[str, Interval]
    chance: Percent
    draws: Draws | None = None


class MultiplyAdds(JobRecord):
    """Multiply-adds of one image, one caption, and one query against the gallery."""

    image: int
    caption: int
    query: int


class Stored(JobRecord):
    """Numbers stored per image and per caption."""

    image: int
    caption: int


class SizeRecord(JobRecord):
    """What a system costs at its size. buffers: numbers of them. embedding: width of its joint space."""

    parameters: int
    trained: int
    buffers: int
    multiply_adds: MultiplyAdds
    stored: Stored
    embedding: int


class CaptionWords(JobRecord):
    """Length of captions in words (split on blanks); sample deviation."""

    mean: float
    sd: float
    min: int
    max: int


class CaptionFacts(JobRecord):
    """What in the captions of a split limits the results; every value but the ceiling is a number of captions.

    shared: of a text that several people have. shared_texts: number of such texts. rank1_ceiling: highest Rank-1 in
    percent that any ranking of the whole split can have, see `glalign.data.caption_facts.rank1_ceiling`. vietnamese:
    with a letter of Vietnamese that English lacks. scripts: with letters of a script other than Latin, by script. cut:
    tokenizer -> longer than it reads.
    """

    shared: int
    shared_texts: int
    rank1_ceiling: float
    vietnamese: int
    scripts: dict[str, int]
    cut: dict[str, int]


class DatasetCounts(JobRecord):
    """Identities, images and captions of a dataset or a split."""

    identities: int
    images: int
    captions: int
    caption_words: CaptionWords
    caption_facts: CaptionFacts | None = None


class RepeatedImages(JobRecord):
    """Image files with the same bytes.

    pictures: that are there more than once. of_several_people: of them, those of more than one person. between: two
    splits -> pictures that are in both. first: two splits -> one file of each.
    """

    pictures: int
    of_several_people: int
    between: dict[str, int]
    first: dict[str, tuple[str, str]]


class Lacking(JobRecord):
    """What of a partial release is missing."""

    identities: int
    images: int
    captions: int
    of_images: int


class DatasetStatistics(JobRecord):
    """The record beside a manifest. annotations: name and SHA-256 of the annotation file."""

    dataset: str
    language: str
    annotations: dict[str, str]
    splits: dict[str, DatasetCounts]
    all: DatasetCounts
    image_size: dict[str, tuple[int, int]]
    repeated_images: RepeatedImages | None = None
    partial: Lacking | None = None


class AlphaScore(JobRecord):
    """Validation Rank-1 in percent of a training with a weight of the global branch, by three scores.

    first: rank of each query's first hit, by the first of them.
    """

    alpha: float
    score: float
    global_: float = Field(alias="global")
    local: float
    selected_step: int
    first: Several[Rank]


class AlphaScores(JobRecord):
    """Scores of trainings that differ in the weight of the global branch. persons: number of each query's person."""

    system: str
    trainset: str
    persons: Several[Count]
    rows: tuple[AlphaScore, ...]

    @model_validator(mode="after")
    def _ranks_every_query(self) -> Self:
        if any(len(row.first) != len(self.persons) for row in self.rows):
            raise refused("rows", "a weight has another number of ranks than there are queries")
        return self

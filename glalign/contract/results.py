"""The records that jobs write as JSON and others read: of a training, a ranks file, its metrics, a size, a dataset."""

from typing import Any, Literal

from pydantic import Field

from glalign.config.base import Section, Several

Interval = tuple[float, float]
"""Lower and upper bound, in percent."""


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

    run: float | None
    started: float
    wall: float
    cpu: float
    peak_mib: float | None
    seconds: dict[str, float]


class Selected(JobRecord):
    """The weights that a training kept. val_rank1: validation Rank-1 in percent, None without validation people."""

    rule: Literal["val", "last"]
    val_rank1: float | None
    step: int


class Info(JobRecord):
    """What a system knew of its training set when it was built; `glalign.contract.training_info.TrainingInfo`."""

    identities: int
    steps: int
    words: tuple[tuple[str, int], ...]


class RunRecord(Provenance):
    """run.json: a training. pairs: image-caption pairs seen. inputs: path -> SHA-256 of what it read.

    validations: (step, validation Rank-1 in percent, None without validation people) of every validation.
    """

    info: Info
    selected: Selected
    parameters: int
    inputs: dict[str, str]
    steps: int
    pairs: int
    validations: tuple[tuple[int, float | None], ...]


class RanksSummary(Provenance):
    """The record beside a ranks file. galleries: gallery images of each draw, where there are several draws."""

    n_queries: int = Field(ge=1)
    n_gallery: int = Field(ge=1)
    galleries: Several[int] = ()


class Draws(JobRecord):
    """Rank-1 in percent of each draw of a test set."""

    rank1: tuple[float, ...]


class MetricsRecord(JobRecord):
    """Metrics of a ranks file, in percent and unrounded; `hits` are exact counts of queries by k.

    Ties count against the query; the values ending in `_best` count them in its favour. wilson: interval over queries.
    bootstrap: interval over persons. chance: expected Rank-1 of random scores.
    """

    rank1: float
    rank5: float
    rank10: float
    map: float
    minp: float
    rank1_best: float
    rank5_best: float
    rank10_best: float
    map_best: float
    minp_best: float
    n_queries: int
    n_gallery: int
    n_persons: int
    hits: dict[str, int]
    wilson: dict[str, Interval]
    bootstrap: dict[str, Interval]
    chance: float
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


class PartCounts(JobRecord):
    """Noun phrases of a part of the body (Table 2).

    phrases: those that the repaired keyword lists map to the part. matched: of them, those that the printed lists map
    to it too. elsewhere: of them, those that the printed lists map to other parts only. relative_coverage: 100 matched
    / phrases, None without phrases. The last three are absent for phrases of no part and for all phrases.
    """

    phrases: int
    matched: int | None = None
    elsewhere: int | None = None
    relative_coverage: float | None = None


class TruthCounts(JobRecord):
    """Found noun phrases of a part of the body beside the true ones, see `glalign.evaluation.phrase_truth`.

    The first five count true phrases, the others found ones.
    """

    true: int
    found: int
    exact: int
    right: int
    right_printed: int
    extracted: int
    confirmed: int
    confirmed_exact: int
    confirmed_region: int


class PhraseTruth(JobRecord):
    """Found phrases beside the true ones, by part of the body.

    source: who tells the true phrases, the generator or translator that wrote them, or a person who labelled them.
    captions: those whose true phrases are known. sheet: captions of the labelled sheet, finished or not.
    """

    source: Literal["written", "labelled"]
    captions: int
    sheet: int | None = None
    parts: dict[str, TruthCounts]


class CoverageRecord(JobRecord):
    """Noun phrases of a dataset by part of the body. truth: None if the true ones are unknown; `note` says why."""

    captions: int
    parts: dict[str, PartCounts]
    truth: PhraseTruth | None
    note: str = ""


class AlphaScore(JobRecord):
    """Validation Rank-1 in percent of a training with a weight of the global branch, by three scores."""

    alpha: float
    score: float
    global_: float = Field(alias="global")
    local: float
    selected_step: int


class AlphaScores(JobRecord):
    """Scores of trainings that differ in the weight of the global branch."""

    system: str
    trainset: str
    rows: tuple[AlphaScore, ...]

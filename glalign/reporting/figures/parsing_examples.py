"""The examples of Figure 2: captions that name many regions, with their images."""

from collections.abc import Iterator, Sequence

from glalign.contract.figures import MarkedPhrase, ParsingBlock, ParsingExample
from glalign.contract.phrase_rows import Phrase, read_phrase_rows
from glalign.contract.records import Record, read_manifest
from glalign.contract.regions import REGIONS
from glalign.planning.figure_stages import ParsingData
from glalign.support.errors import UserError

EXAMPLES = 3
"""Examples of a dataset, each of another person."""

RULE = (
    f"Of each data set the first {EXAMPLES} people of the test set, in the order of the manifest, with a caption whose "
    "noun phrases name more regions than the others, at best all five; of a person the first such caption."
)


def block(data: ParsingData) -> ParsingBlock:
    """The examples of a dataset."""
    if data.note:
        return ParsingBlock.from_fields_of(data, examples=())
    records = [record for record in read_manifest(data.manifest) if record.split in data.splits]
    phrases = read_phrase_rows(data.phrases)
    captions = [
        _example(record, index, phrases.get((record.image, index), []), data)
        for record in records
        for index in range(len(record.captions))
    ]
    person = {record.image: record.person for record in records}
    chosen: dict[int, ParsingExample] = {}
    for one in sorted(captions, key=lambda example: -len(example.regions)):  # stable: manifest order among equals
        chosen.setdefault(person[one.image], one)
    return ParsingBlock.from_fields_of(data, examples=tuple(chosen.values())[:EXAMPLES])


def _example(record: Record, index: int, phrases: Sequence[Phrase], data: ParsingData) -> ParsingExample:
    caption = record.captions[index]
    if any(phrase["end"] > len(caption) for phrase in phrases):
        raise UserError(f"{data.phrases}: a phrase of {record.image} ends after its caption; delete it and run again")
    named = {phrase["region"] for phrase in phrases}
    marked = _marked(phrases) if data.shown else ()
    return ParsingExample(
        image=record.image,
        caption=caption if data.shown else "",
        regions=tuple(region for region in REGIONS if region in named),
        phrases=tuple(marked),
    )


def _marked(phrases: Sequence[Phrase]) -> Iterator[MarkedPhrase]:
    """The phrases with a region in the order of the caption; one that begins inside another is left out."""
    end = 0
    for phrase in sorted(phrases, key=lambda one: (one["start"], one["end"])):
        if phrase["region"] is not None and phrase["start"] >= end:
            yield MarkedPhrase(start=phrase["start"], end=phrase["end"], region=phrase["region"])
            end = phrase["end"]

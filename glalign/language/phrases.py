"""Noun phrases of captions and the body region that each describes (Section 3.2 of the paper)."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from glalign.contract.phrase_rows import Key, Phrase
from glalign.contract.records import captions_by_key, read_manifest
from glalign.contract.specs.data import PhrasesSpec, SourceCaptions
from glalign.language import noun_chunks_en, noun_chunks_vi, noun_phrases_en
from glalign.language.context import describes_wearer
from glalign.language.lexicon import Lexicon, load_lexicon
from glalign.language.noun_chunks import NounPhrase, ParsedCaption
from glalign.language.translated_phrases import logged_translations, placed, read_translated_phrases
from glalign.storage.whole_files import write_text
from glalign.support.errors import UserError
from glalign.support.progress import Progress, log


def extract(
    captions: Iterable[str], rules: PhrasesSpec, progress: Callable[[int], None] = lambda done: None
) -> list[list[Phrase]]:
    """Find the phrases of each caption, in the order of the text (D17, D20, D21).

    With the chunker "spacy" a keyword outside every chunk still gives a phrase, of the keyword and its modifiers; with
    "words" all phrases are of that kind. The segmenter of Vietnamese captions is pyvi unless one is given. progress is
    called with the number of captions done since its last call. Raises: UserError for a language without keywords, or a
    chunker or segmenter that is not installed.
    """
    lexicon, captions = load_lexicon(rules.lexicon, rules.language, rules.match), list(captions)
    return [
        [
            Phrase(text=caption[phrase.start : phrase.end], start=phrase.start, end=phrase.end, region=region)
            for phrase in phrases
            for region in lexicon.regions_of(phrase.keyword_text, rules.several) or (None,)
        ]
        for caption, phrases in zip(captions, find_noun_phrases(captions, rules, lexicon, progress), strict=True)
    ]


def find_noun_phrases(
    captions: Sequence[str], rules: PhrasesSpec, lexicon: Lexicon, progress: Callable[[int], None]
) -> list[list[NounPhrase]]:
    """Find the noun phrases of each caption. lexicon: finds those that the chunker misses; the rest as in `extract`."""
    copies = Counter(captions)
    found = {}
    for caption, parse in zip(copies, _parses(list(copies), rules), strict=True):
        found[caption] = _noun_phrases(parse, lexicon)
        progress(copies[caption])
    return [found[caption] for caption in captions]


def make_phrases(spec: PhrasesSpec, phrases: Path) -> None:
    """Write the phrases of a manifest as JSON lines {image, index, phrases}. Raises: UserError if none has a region."""
    captions = captions_by_key(read_manifest(spec.manifest))
    with Progress(f"phrases of {Path(spec.manifest).stem}", len(captions), "caption") as progress:
        if spec.translated_from is None:
            found = extract(captions.values(), spec, progress.update)
        else:
            found = carried_over(captions, spec, spec.translated_from, progress.update)
    if not any(phrase["region"] for own in found for phrase in own):
        raise UserError(f"{spec.manifest}: no caption names a body region; check the dataset's `language`")
    rows = ({"image": key[0], "index": key[1], "phrases": own} for key, own in zip(captions, found, strict=True))
    write_text(phrases, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def carried_over(
    captions: Mapping[Key, str], rules: PhrasesSpec, source: SourceCaptions, progress: Callable[[int], None]
) -> list[list[Phrase]]:
    """Give translated captions the phrases of their source, with the regions that keywords of its language name (D17).

    A phrase is where its translation stands in the caption: where the translator's log says, or where its words are
    found. One that does not stand there, or only where another one does, is left out, and the log says how many are.
    progress: as in `extract`. Raises: UserError for a file that is not of these captions.
    """
    lexicon, without = load_lexicon(rules.lexicon, source.language, rules.match), 0
    if source.file:
        pairs = read_translated_phrases(source.file, captions)
        progress(len(captions))
    else:
        own = captions_by_key(read_manifest(str(source.manifest)))
        like = rules.model_copy(update={"language": source.language, "segmenter": source.segmenter})
        found = find_noun_phrases(list(own.values()), like, lexicon, progress)
        pairs, without = logged_translations(str(source.translation), dict(zip(own, found, strict=True)))
    phrases, absent = [], 0
    for key, caption in captions.items():
        mine = pairs.get(key, [])
        places = placed(caption, mine)
        absent += places.count(None)
        made = [
            Phrase(text=caption[place[0] : place[1]], start=place[0], end=place[1], region=region)
            for pair, place in zip(mine, places, strict=True)
            for region in lexicon.regions_of(pair.keyword_text, rules.several) or (None,)
            if place
        ]
        phrases.append(sorted(made, key=lambda phrase: phrase["start"]))
    total = without + sum(map(len, pairs.values()))
    what = f"{absent} have no place of their own in their caption, {without} have no translation"
    log.info("%s: %d phrases of the source, left out: %s", rules.manifest, total, what)
    return phrases


def _parses(captions: list[str], rules: PhrasesSpec) -> Iterator[ParsedCaption]:
    """Run the chunker on each caption."""
    segmenter = rules.segmenter or "pyvi"
    match rules.chunker, rules.language:
        case "spacy", "en":
            return noun_chunks_en.noun_chunks(captions)
        case "spacy", "vi":
            return noun_chunks_vi.noun_chunks(captions, segmenter)
        case _, "vi":
            return noun_chunks_vi.without_chunks(captions, segmenter)
        case _:
            return map(ParsedCaption, captions)


def _noun_phrases(parse: ParsedCaption, lexicon: Lexicon) -> list[NounPhrase]:
    """Complete the chunks and convert their places to those of the caption."""
    language = noun_chunks_vi if lexicon.language == "vi" else noun_phrases_en
    places = range(len(parse.text) + 1) if parse.places is None else parse.places
    chunks = language.complete_chunks(parse, lexicon.find(parse.text))
    worn = describes_wearer(parse.text, chunks, lexicon.language) if lexicon.context else [True] * len(chunks)
    phrases = []
    for chunk, counts in zip(chunks, worn, strict=True):
        start, end = chunk.named or (chunk.start, chunk.end)
        phrases.append(NounPhrase(places[chunk.start], places[chunk.end], parse.text[start:end] if counts else ""))
    return phrases

"""Noun phrases of English captions: spaCy's chunks, corrected, and one for each keyword outside them."""

import re
from collections.abc import Iterable

from glalign.language.lexicon import Keyword, grammar
from glalign.language.noun_chunks import Chunk, ParsedCaption
from glalign.language.words_en import Words

ADVERBS = ("RB", "RP")
VERBS = ("VB", "VBP", "VBZ")


def complete_chunks(parse: ParsedCaption, keywords: list[Keyword]) -> list[Chunk]:
    """Correct spaCy's chunks and add one for each keyword outside all of them; in the order of the text.

    An adverb ("pulled back") and a verb ("she faces the street") give no chunk.
    """
    keywords = [keyword for keyword in keywords if not _is_other_word(parse, keyword)]
    words = Words(parse, keywords)
    whole = (_with_whole_keywords(chunk, keywords) for chunk in parse.chunks)
    chunks = [part for chunk in _merge_quantities(words, whole) for part in _split(words, chunk)]
    for keyword in reversed(keywords):  # "denim shorts" is a phrase of the later keyword
        if words.in_compound(keyword):
            continue
        if any(chunk.start < keyword.end and keyword.start < chunk.end for chunk in chunks):
            continue
        before = max((chunk for chunk in chunks if chunk.end <= keyword.start), default=Chunk(0, 0))
        if _lacks_head(words, before, keyword):
            chunks[chunks.index(before)] = Chunk(before.start, keyword.end)
        else:
            chunks.append(Chunk(_start_of(words, keyword.start, before.end), keyword.end))
    chunks = _restore_modifiers(words, sorted(chunks), keywords)
    return _add_predicates(words, chunks, keywords)


def _is_other_word(parse: ParsedCaption, keyword: Keyword) -> bool:
    """Whether the tagger says that a keyword is an adverb or a verb that looks like a noun."""
    tag = parse.tags.get(keyword.start, "")
    # "leggings tie" at the end of a list is no verb.
    followed = re.match(r"\s+\w", parse.text[keyword.end :])
    verb = tag in VERBS and followed and parse.text[keyword.start : keyword.end].lower() in grammar("en")["verbs"]
    return bool(verb) or (tag in ADVERBS and not any(c.start <= keyword.start < c.end for c in parse.chunks))


def _lacks_head(words: Words, chunk: Chunk, keyword: Keyword) -> bool:
    """Whether a keyword right behind a chunk is the head that the chunk lacks ("a cat | face")."""
    inside = words.within(chunk.start, chunk.end)
    if not inside or inside.stop != words.first_from(keyword.start) or not all(map(words.is_free, inside)):
        return False
    last = inside[-1]
    return words.tag(last).startswith("NN") and not (words.is_colour(last) or words.is_in(last, "stops"))


def _with_whole_keywords(chunk: Chunk, keywords: list[Keyword]) -> Chunk:
    """Return a chunk with the rest of a keyword that it ends in ("a red button | up")."""
    return Chunk(chunk.start, max((k.end for k in keywords if k.start < chunk.end < k.end), default=chunk.end))


def _merge_quantities(words: Words, chunks: Iterable[Chunk]) -> list[Chunk]:
    """Merge "a pair", "of" and "black shoes" into one chunk."""
    containers = grammar("en")["containers"]
    merged: list[Chunk] = []
    for chunk in chunks:
        if merged:
            last = merged[-1]
            if chunk.start < last.end:  # a keyword that holds two chunks ("bunch of flowers")
                merged[-1] = Chunk(last.start, max(last.end, chunk.end))
                continue
            between = [words.text(n) for n in words.within(last.end, chunk.start) if not words.is_in(n, "articles")]
            inside = words.within(last.start, last.end)
            if between == ["of"] and inside and words.text(inside[-1]) in containers:
                merged[-1] = Chunk(last.start, chunk.end)
                continue
        merged.append(chunk)
    return merged


def _split(words: Words, chunk: Chunk) -> list[Chunk]:
    """Split a chunk of several phrases ("a red blouse and tan slacks", "white top blue skirt").

    Words before which no phrase goes on are cut off ("woman | long hair"). Attributes at the end may belong to the next
    phrase ("white shirt grey | shorts").
    """
    inside = words.within(chunk.start, chunk.end)
    parts: list[Chunk] = []
    while any(map(words.is_keyword, inside[1:])) and words.ends_phrase(inside[0]):
        if words.is_in(inside[0], "people"):
            parts.append(Chunk(words.tokens[inside[0]].start, words.tokens[inside[0]].end))
        inside = inside[1:]
        chunk = Chunk(words.tokens[inside[0]].start, chunk.end)
    while len(inside) > 1 and words.is_keyword(inside[-2]) and words.is_attribute(inside[-1]):
        inside = inside[:-1]
        chunk = Chunk(chunk.start, words.tokens[inside[-1]].end)
    start = chunk.start
    for number in inside[:-1]:
        first = words.within(start, chunk.end)[:1]
        following = number + 1
        while following in inside and (words.is_in(following, "joins") or words.is_in(following, "articles")):
            following += 1
        if not first or not words.is_noun(number) or not any(map(words.is_noun, range(following, inside.stop))):
            continue
        if following > number + 1 or _runs_on(words, first[0], number, inside.stop):
            parts.append(Chunk(start, words.tokens[number].end))
            start = words.tokens[following].start
    return [*parts, Chunk(start, chunk.end)]


def _runs_on(words: Words, first: int, number: int, end: int) -> bool:
    """Whether another phrase with a keyword begins right behind the noun `number` of a phrase.

    A colour, an adjective or a fabric begins one, behind a noun that is no keyword only a colour ("purple sarong orange
    top").
    """
    keyword_follows = any(map(words.is_keyword, range(number + 1, end)))
    coloured = words.is_colour(number + 1) and any(map(words.is_colour, range(first, number)))
    garment = words.is_keyword(number) and not words.is_in(number, "materials")
    begins = words.is_attribute(number + 1) or words.is_in(number + 1, "fabrics") if garment else coloured
    return keyword_follows and begins and not words.is_in(number, "shades")


def _start_of(words: Words, place: int, free_from: int, only_modifiers: bool = False) -> int:
    """Return where the phrase of a word that starts at `place` starts: at the first of the modifiers before it.

    The phrase stays behind `free_from`, and ends at a stop word, a sign, a keyword that is not in `cuts`. "and" joins
    two modifiers.
    """
    start = place
    for number in reversed(range(words.first_from(place))):
        token = words.tokens[number]
        if token.start < free_from:
            break
        joins = _joins(words, number, free_from, only_modifiers)
        own = words.is_modifier(number) if only_modifiers else words.is_free(number)
        if not joins and (not own or words.is_sign(number) or words.is_in(number, "stops")):
            break
        if not joins:
            start = token.start
    return start


def _joins(words: Words, number: int, free_from: int, comma: bool) -> bool:
    """Whether "and", or a comma behind a colour, joins two modifiers that stand behind `free_from`."""
    sign = words.text(number) in ("and", "&") or (comma and words.text(number) == "," and words.is_colour(number - 1))
    inside = number > 0 and words.tokens[number - 1].start >= free_from
    return sign and inside and words.is_attribute(number - 1) and words.is_attribute(number + 1)


def keyword_chunk(text: str, keyword: Keyword, free_from: int = 0) -> Chunk:
    """Return a keyword with the modifiers before it, back to a stop word, sign or `free_from`. "and" joins colours."""
    words = Words(ParsedCaption(text), [keyword])
    return Chunk(_start_of(words, keyword.start, free_from), keyword.end)


def _restore_modifiers(words: Words, chunks: list[Chunk], keywords: list[Keyword]) -> list[Chunk]:
    """Extend chunks that start after their own modifiers, and drop the chunks of modifiers alone that they then cover.

    spaCy may find "grey" and "shirt" in "white and grey striped shirt".
    """
    kept: list[Chunk] = []
    for chunk in chunks:
        whole = chunk
        if any(chunk.start <= keyword.start and keyword.end <= chunk.end for keyword in keywords):
            earlier = [o.end for o in kept if not all(map(words.may_modify, words.within(o.start, o.end)))]
            whole = Chunk(_start_of(words, chunk.start, max(earlier, default=0), only_modifiers=True), chunk.end)
        kept = [other for other in kept if other.end <= whole.start]
        kept.append(whole)
    return kept


def _add_predicates(words: Words, chunks: list[Chunk], keywords: list[Keyword]) -> list[Chunk]:
    """Extend phrases of keywords by what is said of them: "hair is long and red", "shoes white"."""
    found: list[Chunk] = []
    for number, chunk in enumerate(chunks):
        if found and chunk.end <= found[-1].end:
            continue  # a chunk of attributes alone
        named = any(chunk.start <= keyword.start and keyword.end <= chunk.end for keyword in keywords)
        end = _end_of_predicate(words, chunk.end) if named else chunk.end
        later = (o for o in chunks[number + 1 :] if not all(map(words.may_be_said, words.within(o.start, o.end))))
        if end > next((other.start for other in later), end):
            end = chunk.end
        found.append(Chunk(chunk.start, end, (chunk.start, chunk.end)))
    return found


def _end_of_predicate(words: Words, place: int) -> int:
    """Return where the attributes behind a noun that ends at `place` end; `place` without any."""
    number = words.first_from(place)
    if words.text(number) == "," and words.text(number + 1) == "which":
        number += 1
    if words.text(number) in ("that", "which") and words.is_in(number + 1, "copulas"):
        number += 1
    if words.text(number) in ("in", "of") and words.is_colour(number + 1):
        number += 1
    if copula := words.is_in(number, "copulas"):
        while words.is_in(number, "copulas") or words.is_in(number, "degrees"):
            number += 1
    last = None
    while words.is_attribute(number) or (copula and words.is_said(number)):
        last = number
        number += 1
        steps = number
        while (words.is_in(steps, "joins") and words.text(steps) != "with") or (
            copula and words.is_in(steps, "degrees")
        ):
            steps += 1
        if words.is_attribute(steps) and not _begins_phrase(words, steps):
            number = steps
    if last is None or _begins_phrase(words, last):
        return place
    return words.tokens[last].end


def _begins_phrase(words: Words, number: int) -> bool:
    """Return whether the attribute at `number` modifies a noun that follows it ("red shirt")."""
    while words.is_modifier(number) or words.is_colour(number):
        number += 1
    return (words.is_noun(number) or words.is_keyword(number)) and not words.is_in(number, "shades")

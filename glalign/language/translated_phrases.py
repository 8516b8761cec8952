"""Noun phrases of a caption that is a translation, taken from the phrases of its source (D17)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from glalign.contract.phrase_rows import Key
from glalign.language.noun_chunks import NounPhrase
from glalign.language.segmentation import standard_tones, to_nfc
from glalign.storage.json_files import read_json
from glalign.storage.sheets import caption_key, read_table
from glalign.support.errors import UserError

COLUMNS = ("image", "index", "source", "translated")
"""Columns of a file of translated phrases: the caption, a phrase of its source, the phrase in its own language."""

TOKEN = re.compile(r"[^\W_]+|[^\w\s-]")
"""A word or a sign; hyphens and the underscores of segmented words count as blanks."""


class TranslatedPhrase(NamedTuple):
    """A phrase of the source and its translation.

    keyword_text: the source's, in which keywords are looked up. place: start and end of the translation in the caption,
    None where it has to be found.
    """

    keyword_text: str
    text: str
    place: tuple[int, int] | None = None


def read_translated_phrases(path: Path | str, captions: Mapping[Key, str]) -> dict[Key, list[TranslatedPhrase]]:
    """Read a file that a user brings, CSV or JSON lines with COLUMNS: a row for each phrase.

    A caption may have no row. Raises: UserError naming the line of a row without a text, or of a caption that is not
    one of `captions`.
    """
    file, found = Path(path), dict[Key, list[TranslatedPhrase]]()
    for number, row in read_table(file, COLUMNS, "correct `translated_phrases`"):
        key = caption_key(row, file, number, COLUMNS)
        if key not in captions:
            what = f"no caption {key[1]} of {key[0]} in the dataset"
            raise UserError(f"{file}:{number}: {what}; correct or remove the row")
        source, text = (_text(row, name, file, number) for name in COLUMNS[2:])
        found.setdefault(key, []).append(TranslatedPhrase(source, text))
    return found


def _text(row: Mapping[str, object], name: str, file: Path, number: int) -> str:
    """A text of a row. Raises: UserError if it is none, or has no word."""
    text = row.get(name)
    if not isinstance(text, str) or not any(map(str.isalnum, text)):
        raise UserError(f"{file}:{number}: `{name}` is {text!r:.80}, not a phrase; write it, or remove the row")
    return text


def logged_translations(
    path: Path | str, phrases: Mapping[Key, Sequence[NounPhrase]]
) -> tuple[dict[Key, list[TranslatedPhrase]], int]:
    """Pair the phrases that were found in source captions with what the translator made of them.

    path: its `translation.json`. A phrase is translated as the phrase of the log that has most of its characters, the
    first of equals. Returns: the pairs of each caption, and the number of phrases of which the log has no character or
    no translation. Raises: UserError for a log that is not of these captions.
    """
    log: Any = read_json(path)
    found, without = {}, 0
    try:
        for (image, index), own in phrases.items():
            entries = log[image][index]["phrases"]
            rows = [(one["source"]["start"], one["source"]["end"], one["target"]) for one in entries]
            pairs = [_translation(phrase, rows) for phrase in own]
            found[image, index] = [pair for pair in pairs if pair]
            without += pairs.count(None)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not the translation of these captions ({error!r}); translate them again") from error
    return found, without


def _translation(phrase: NounPhrase, rows: Sequence[tuple[int, int, Any]]) -> TranslatedPhrase | None:
    """The translation of the row that shares most characters with a phrase; None if none does, or it was lost."""
    shared = [min(phrase.end, end) - max(phrase.start, start) for start, end, _ in rows]
    target = rows[shared.index(max(shared))][2] if max(shared, default=0) > 0 else None
    if not target:
        return None
    return TranslatedPhrase(phrase.keyword_text, str(target["text"]), (int(target["start"]), int(target["end"])))


def placed(caption: str, phrases: Sequence[TranslatedPhrase]) -> list[tuple[int, int] | None]:
    """Find phrases in a caption; return the start and the end of each, None where it is not there.

    A phrase with a place is there if its text is. Another one is found word for word: case, the place of tone marks and
    how words are joined make no difference, nor do signs at the ends of its text. Of several places it has the first
    that overlaps no earlier phrase, or else the first that no earlier phrase has.

    >>> texts = ["áo khoác đỏ", "giày đỏ", "người phụ nữ", "giày", "giày"]
    >>> placed("Một người phụ nữ, áo_khoác đỏ và giày.", [TranslatedPhrase("", text) for text in texts])
    [(18, 29), None, (4, 16), (33, 37), None]
    """
    tokens, found = _tokens(caption), list[tuple[int, int] | None]()
    for phrase in phrases:
        places, taken = _places(phrase, caption, tokens), [place for place in found if place]
        free = [at for at in places if all(at[1] <= start or end <= at[0] for start, end in taken)]
        found.append(next((at for at in (*free, *places) if at not in taken), None))
    return found


def _places(phrase: TranslatedPhrase, caption: str, tokens: Sequence[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """All places of a phrase in a caption."""
    if phrase.place:
        return [phrase.place] if caption[slice(*phrase.place)] == phrase.text else []
    words, wanted = [word for word, _, _ in tokens], [word for word, _, _ in _tokens(phrase.text)]
    while wanted and not wanted[0].isalnum():
        del wanted[0]
    while wanted and not wanted[-1].isalnum():
        del wanted[-1]
    size = len(wanted)
    starts = [at for at in range(len(words) - size + 1) if words[at : at + size] == wanted] if size else []
    return [(tokens[at][1], tokens[at + size - 1][2]) for at in starts]


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """The normalised words and signs of a text with their characters."""
    plain, places = to_nfc(text)
    return [
        (standard_tones(token.group()).casefold(), places[token.start()], places[token.end()])
        for token in TOKEN.finditer(plain)
    ]

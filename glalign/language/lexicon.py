"""Keyword lists, which map noun phrases to body regions."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from glalign.contract.regions import REGIONS
from glalign.language.spelling import Spelling
from glalign.support.errors import UserError

DATA_FILES = ("lexicon/*.yaml",)  # part of the digest of every stage that imports this module
FOLDER = Path(__file__).with_name("lexicon")


class Keyword(NamedTuple):
    """One keyword found in a text: its characters and its regions.

    together: the word means all its regions ("suit"); else it has two if a list prints it twice.
    """

    start: int
    end: int
    regions: tuple[str, ...]
    together: bool = False


class Lexicon:
    """Keywords of one language (matched as in D21).

    keywords: word -> regions; without a region, a compound in which no keyword speaks ("shoulder length"). together:
    words that mean all their regions. match: "words" for whole words, in Vietnamese whole segmented words or the first
    part of a compound ("áo" in "áo_khoác") unless the word is in `whole_words`; "substrings" for any place. Blanks,
    hyphens and, in Vietnamese, joined syllables match alike. spelling: misspelt English keywords match too. context:
    keywords count only where the caption speaks of what is worn (`glalign.language.context`).
    """

    def __init__(
        self,
        keywords: Mapping[str, tuple[str, ...]],
        language: str,
        match: str = "words",
        *,
        together: Iterable[str] = (),
        spelling: bool = False,
        context: bool = False,
    ):
        self.language, self.context = language, context
        self._regions = {_key(word): regions for word, regions in keywords.items()}
        self._together = frozenset(map(_key, together))
        self._pattern = re.compile(_pattern(self._regions, language, match), re.IGNORECASE)
        self._spelling = Spelling(self._regions, **_read("spelling")) if spelling and language == "en" else None

    def find(self, text: str) -> list[Keyword]:
        """Find keywords, in the order of the text; of two that overlap, the earlier, then the longer one."""
        found = [(*match.span(), _key(match.group(1))) for match in self._pattern.finditer(text)]
        if self._spelling:
            found = sorted(found + self._spelling.find(text))
        return [Keyword(a, b, self._regions[k], k in self._together) for a, b, k in found if self._regions[k]]

    def regions_of(self, phrase: str, several: str = "nearest") -> tuple[str, ...]:
        """Return the regions that a noun phrase describes; none without a keyword.

        several: with "nearest" the keyword nearest the head noun decides, the last one in English, the first one in
        Vietnamese; with "all" every named region counts, in the order of `REGIONS`. A word printed under two regions
        counts for the later one beside another keyword of that region, else for the first: "kính" alone is HEAD.
        """
        found = self.find(phrase)
        if not found:
            return ()
        if several == "all":
            named = {region for keyword in found for region in keyword.regions}
            return tuple(region for region in REGIONS if region in named)
        head = found[0] if self.language == "vi" else found[-1]
        if head.together:
            return head.regions
        objects = {keyword.regions[0] for keyword in found if len(keyword.regions) == 1}
        return (head.regions[-1] if head.regions[-1] in objects else head.regions[0],)


def load_lexicon(name: str, language: str, match: str = "words") -> Lexicon:
    """Load the shipped list `name`, "paper" or "repaired", of a language, "en" or "vi". match: as in `Lexicon`."""
    table = _read(name)
    keywords: dict[str, tuple[str, ...]] = {}
    together: set[str] = set()
    for part in [_read(table["extends"]), table] if "extends" in table else [table]:
        own: dict[str, tuple[str, ...]] = {}
        for key, words in part.get(language, {}).items():
            regions = () if key == "none" else tuple(key.split("+"))
            for form in (form for word in words for form in _forms(word, language, table.get("number", False))):
                own[_key(form)] = tuple(dict.fromkeys(own.get(_key(form), ()) + regions))
                together |= {form} if len(regions) > 1 else set()
        keywords |= own
    if not keywords:
        raise UserError(f"lexicon {name}: no keywords for language {language!r}; languages are en and vi")
    options = {option: table.get(option, False) for option in ("spelling", "context")}
    return Lexicon(keywords, language, match, together=together, **options)


def grammar(language: str) -> dict[str, Any]:
    """Return the word lists of a language that the rules use (lexicon/grammar.yaml)."""
    return _read("grammar")[language]


@cache
def context(language: str) -> dict[str, Any]:
    """Return what `glalign.language.context` knows of a language (lexicon/context.yaml)."""
    return {**_read("context")[language], "verbs": grammar(language).get("verbs", [])}


@cache
def _read(name: str) -> dict[str, Any]:
    from glalign.storage.yaml_files import read_yaml  # noqa: PLC0415  (only readers of a lexicon need it)

    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise UserError(f"phrases.lexicon: no list {name!r}; there is {path.with_name('paper.yaml')} and repaired.yaml")
    return read_yaml(path)


def _key(form: str) -> str:
    """Normalise a keyword: lower case, one blank for blanks, hyphens and joined syllables."""
    return re.sub(r"[ _-]+", " ", form.lower())


def _pattern(keys: Iterable[str], language: str, match: str) -> str:
    """Return a regular expression whose first group is the longest of these keys at a place."""
    whole = set(grammar("vi")["whole_words"]) if language == "vi" and match == "words" else ()
    branches: dict[str, list[str]] = {}
    for key in sorted(keys, key=lambda key: (-len(key), key)):
        branch = "[ _-]+".join(map(re.escape, key.split(" ")))
        branches.setdefault(key[0], []).append(branch[len(re.escape(key[0])) :] + r"(?!\w)" * (key in whole))
    words = "|".join(f"{re.escape(letter)}(?:{'|'.join(endings)})" for letter, endings in branches.items())
    if match == "substrings":
        return f"({words})"
    if language == "vi":
        return rf"(?<!\w)((?:{words})(?=_|\b))\w*"
    return rf"(?<![^\W_])({words})(?![^\W_])"


def _forms(keyword: str, language: str, number: bool) -> tuple[str, ...]:
    """Return a keyword with its singular or plural if `number` is true, it is English, and both mean the same.

    >>> _forms("watch", "en", True), _forms("teeth", "en", True), _forms("shorts", "en", True)
    (('watch', 'watches'), ('teeth', 'tooth'), ('shorts',))
    """
    rules = grammar("en")
    if not number or language != "en" or keyword in rules["plural_only"]:
        return (keyword,)
    if keyword.endswith("s") and not keyword.endswith("ss"):
        other = keyword.removesuffix("s")
    elif keyword.endswith("y") and keyword[-2:-1] not in "aeiou":
        other = keyword.removesuffix("y") + "ies"
    else:
        other = keyword + ("es" if keyword.endswith(("s", "x", "ch", "sh")) else "s")
    return keyword, rules["irregular"].get(keyword, other)

"""Keyword lists, which map noun phrases to body regions."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from glalign.contract.regions import REGIONS
from glalign.support.errors import UserError

DATA_FILES = ("lexicon/*.yaml",)  # part of the digest of every stage that imports this module
FOLDER = Path(__file__).with_name("lexicon")


class Keyword(NamedTuple):
    """One keyword found in a text: its characters and its regions, two if the list prints the word twice."""

    start: int
    end: int
    regions: tuple[str, ...]


class Lexicon:
    """Keywords of one language (matched as in D21).

    keywords: region -> words. match: "words" for whole words, in Vietnamese whole segmented words or the first part of
    a compound ("áo" in "áo_khoác") unless the word is in `whole_words`; "substrings" for any place. number: match the
    singular and the plural of an English keyword too.
    """

    def __init__(self, keywords: Mapping[str, Iterable[str]], language: str, match: str, number: bool):
        self.language = language
        regions: dict[str, list[str]] = {}
        for region in REGIONS:
            for keyword in keywords.get(region, ()):
                for form in _forms(keyword) if number and language == "en" else (keyword,):
                    regions.setdefault(form, []).append(region)
        self._regions = {_key(form): tuple(names) for form, names in regions.items()}
        longest_first = sorted(regions, key=lambda form: (-len(form), form))
        alternatives = "|".join("[ -]".join(map(re.escape, re.split("[ -]", form))) for form in longest_first)
        if match == "substrings":
            pattern = f"({alternatives})"
        elif language == "vi":
            whole = set(grammar("vi")["whole_words"])
            endings = (re.escape(form) + (r"(?!\w)" if form in whole else r"(?=_|\b)") for form in longest_first)
            pattern = rf"(?<!\w)({'|'.join(endings)})\w*"
        else:
            pattern = rf"(?<![^\W_])({alternatives})(?![^\W_])"
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def find(self, text: str) -> list[Keyword]:
        """Find keywords, in the order of the text; of two that overlap, the earlier, then the longer one."""
        return [Keyword(*match.span(), self._regions[_key(match.group(1))]) for match in self._pattern.finditer(text)]

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
        objects = {keyword.regions[0] for keyword in found if len(keyword.regions) == 1}
        return (head.regions[-1] if head.regions[-1] in objects else head.regions[0],)


def load_lexicon(name: str, language: str, match: str = "words") -> Lexicon:
    """Load the shipped list `name`, "paper" or "repaired", of a language, "en" or "vi". match: as in `Lexicon`."""
    table = _read(name)
    parts = [table, table.get("ours", {})]
    parts = [_read(table["extends"]), *parts] if "extends" in table else parts
    lists = {region: [word for part in parts for word in part.get(language, {}).get(region, [])] for region in REGIONS}
    if not any(lists.values()):
        raise UserError(f"lexicon {name}: no keywords for language {language!r}; languages are en and vi")
    return Lexicon(lists, language, match, table.get("number", False))


def grammar(language: str) -> dict[str, Any]:
    """Return the word lists of a language that the rules use (lexicon/grammar.yaml)."""
    return _read("grammar")[language]


@cache
def _read(name: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  (only readers of a lexicon need it)

    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise UserError(f"phrases.lexicon: no list {name!r}; there is {path.with_name('paper.yaml')} and repaired.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _key(form: str) -> str:
    """Normalise a keyword: lower case, blanks for hyphens."""
    return form.lower().replace("-", " ")


def _forms(keyword: str) -> tuple[str, ...]:
    """Return a keyword with its singular or plural if they mean the same.

    >>> _forms("watch"), _forms("teeth"), _forms("shorts"), _forms("dress")
    (('watch', 'watches'), ('teeth', 'tooth'), ('shorts',), ('dress', 'dresses'))
    """
    rules = grammar("en")
    if keyword in rules["plural_only"]:
        return (keyword,)
    if keyword.endswith("s") and not keyword.endswith("ss"):
        other = keyword.removesuffix("s")
    else:
        other = keyword + ("es" if keyword.endswith(("s", "x", "ch", "sh")) else "s")
    return keyword, rules["irregular"].get(keyword, other)

"""A keyword list says which body region a noun phrase speaks of."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glalign.contract.regions import REGIONS
from glalign.support.errors import UserError

DATA_FILES = ("lexicon/*.yaml",)  # part of the digest of every stage that imports this module
FOLDER = Path(__file__).with_name("lexicon")


@dataclass(frozen=True)
class Keyword:
    """One keyword found in a text: its characters and its regions, two where the list prints the word twice."""

    start: int
    end: int
    regions: tuple[str, ...]


class Lexicon:
    """Keywords of one language, found in a text by the rules of D21.

    keywords: region to words. match "words": whole words, in Vietnamese whole segmented words or the beginning of a
    compound ("áo" in "áo_khoác") unless the word is in `whole_words`; "substrings": anywhere. number: the singular and
    the plural of an English keyword match too.
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
        spelt = "|".join("[ -]".join(map(re.escape, re.split("[ -]", form))) for form in longest_first)
        if match == "substrings":
            pattern = f"({spelt})"
        elif language == "vi":
            whole = set(grammar("vi")["whole_words"])
            endings = (re.escape(form) + (r"(?!\w)" if form in whole else r"(?=_|\b)") for form in longest_first)
            pattern = rf"(?<!\w)({'|'.join(endings)})\w*"
        else:
            pattern = rf"(?<![^\W_])({spelt})(?![^\W_])"
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def find(self, text: str) -> list[Keyword]:
        """Keywords in the order of the text; of two that overlap, the earlier and then the longer one."""
        return [Keyword(*match.span(), self._regions[_key(match.group(1))]) for match in self._pattern.finditer(text)]

    def regions_of(self, phrase: str, several: str = "nearest") -> tuple[str, ...]:
        """Regions that a noun phrase speaks of; none without a keyword.

        several "nearest": the keyword nearest the head noun decides, the last one in English, the first one in
        Vietnamese; "all": every region named, in the order of `REGIONS`. A word printed under two regions counts for
        the later one beside another keyword of that region, else for the first: "kính" alone is HEAD.
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
    """The shipped list `name`, "paper" or "repaired", of a language, "en" or "vi"; match as in `Lexicon`."""
    chosen = _read(name)
    parts = [chosen, chosen.get("ours", {})]
    if "extends" in chosen:
        parts.insert(0, _read(chosen["extends"]))
    lists = {region: [word for part in parts for word in part.get(language, {}).get(region, [])] for region in REGIONS}
    if not any(lists.values()):
        raise UserError(f"lexicon {name}: no keywords for language {language!r}; languages are en and vi")
    return Lexicon(lists, language, match, chosen.get("number", False))


def grammar(language: str) -> dict[str, Any]:
    """What the matching rules know of a language (lexicon/grammar.yaml)."""
    return _read("grammar")[language]


@cache
def _read(name: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  (only readers of a lexicon need it)

    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise UserError(f"phrases.lexicon: no list {name!r}; there is {path.with_name('paper.yaml')} and repaired.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _key(form: str) -> str:
    """A keyword found in a text, as the table names it: lower case, hyphens and blanks alike."""
    return form.lower().replace("-", " ")


def _forms(keyword: str) -> tuple[str, ...]:
    """A keyword with its singular and its plural, where they mean the same.

    >>> _forms("watch"), _forms("teeth"), _forms("shorts"), _forms("dress")
    (('watch', 'watches'), ('teeth', 'tooth'), ('shorts',), ('dress', 'dresses'))
    """
    rules = grammar("en")
    if keyword in rules["plural_only"]:
        return (keyword,)
    if keyword in rules["irregular"]:
        return keyword, rules["irregular"][keyword]
    if keyword.endswith("s") and not keyword.endswith("ss"):
        return keyword, keyword.removesuffix("s")
    return keyword, keyword + ("es" if keyword.endswith(("s", "x", "ch", "sh")) else "s")

"""Words that stand in the keyword lists of two regions."""

from collections import defaultdict
from collections.abc import Iterator

from glalign.audit.finding import INCONSISTENT, Found, Rule
from glalign.audit.material import Material


def check(material: Material) -> Iterator[Found]:
    """Yield words of one language in several lists, or twice in one."""
    for language, regions in material.keywords.items():
        lists: dict[str, list[str]] = defaultdict(list)
        for region, words in regions.items():
            for word in words:
                lists[str(word).casefold()].append(region)
        for word, several in lists.items():
            if len(several) > 1:
                yield Found(INCONSISTENT, f"keyword lists, {language}", f"{word!r} stands in {' and '.join(several)}")


RULE = Rule(
    "keyword",
    "a keyword belongs to one region",
    "which region the word was mapped to: an order of precedence may decide, though none is stated.",
    check,
)

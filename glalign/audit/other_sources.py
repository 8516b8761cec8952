"""Printed numbers and descriptions against facts of other sources: the original papers, released files, releases."""

from collections.abc import Iterator
from fractions import Fraction

from glalign.audit.columns import is_result, plain
from glalign.audit.finding import INCONSISTENT, NOTE, Found, Rule
from glalign.audit.material import Material, Number, Row
from glalign.audit.printed import parse

AUTHOR, NAME, RELEASED, MADE_WITH = "first_author", "name", "released", "made_with"


def check_values(material: Material) -> Iterator[Found]:
    """Yield numbers, names and attributes that another source has otherwise."""
    for fact in material.published:
        if fact["attribute"] in (AUTHOR, RELEASED):
            continue
        source = f"{fact['value']} elsewhere ({fact['source']})"
        seen: set[Fraction | str] = set()
        known = parse(fact["value"], result=is_result(fact["attribute"]))
        for number in material.numbers:
            if known and _is_of(material, number, fact) and not number.printed.agrees(known):
                if number.printed.value not in seen:
                    yield Found(NOTE, number.where, f"{number.printed.text} here; {source}")
                seen.add(number.printed.value)
        for cell in material.texts:
            same = plain(cell.subject) == plain(fact["subject"]) and cell.attribute == fact["attribute"]
            if same and plain(cell.text) != plain(fact["value"]) and cell.text not in seen:
                seen.add(cell.text)
                yield Found(NOTE, f"{cell.place}, {cell.subject}, {cell.attribute}", f"{cell.text} here; {source}")


def _is_of(material: Material, number: Number, fact: Row) -> bool:
    same_dataset = material.tested_on(number) == fact["dataset"] and bool(fact["dataset"])
    return same_dataset and number.quantity == fact["attribute"] and plain(number.system) == plain(fact["subject"])


def check_citations(material: Material) -> Iterator[Found]:
    """Yield things that are cited by a reference of another first author than that of the paper that published them."""
    authors = {plain(fact["subject"]): fact for fact in material.published if fact["attribute"] == AUTHOR}
    entries = {row["number"]: row for row in material.references}
    cited: dict[tuple[str, str], list[str]] = {}
    for cell in material.texts:
        if cell.attribute == "cite":
            cited.setdefault((cell.subject, cell.text), []).append(cell.place)
    for (subject, number), places in cited.items():
        fact, entry = authors.get(plain(subject)), entries.get(number)
        if fact and entry and plain(entry["first_author"]) != plain(fact["value"]):
            named = f"[{number}] is {entry['first_author'] or 'no author'}, {entry['title'] or 'without a title'}"
            evidence = f"{subject} is cited as [{number}]; {named}; it was published by {fact['source']}"
            yield Found(INCONSISTENT, "; ".join(dict.fromkeys(places)), evidence)


def check_dates(material: Material) -> Iterator[Found]:
    """Yield things that are said to be made with a tool which was released after they were published."""
    released = {plain(fact["subject"]): fact for fact in material.published if fact["attribute"] == RELEASED}
    years = {row["number"]: row["year"] for row in material.references}
    cites = {plain(cell.subject): cell.text for cell in material.texts if cell.attribute == "cite"}
    for cell in material.texts:
        number = cites.get(plain(cell.subject), "")
        tool, year = released.get(plain(cell.text)), years.get(number, "")
        if cell.attribute == MADE_WITH and tool and year and int(tool["value"]) > int(year):
            evidence = f"{cell.subject} was published in {year} [{number}]; {tool['source']}"
            yield Found(INCONSISTENT, cell.place, f"{evidence}, later than what is said to be made with it")


RULES = (
    Rule(
        "other source",
        "numbers and descriptions agree with where they were first published",
        "that the number is wrong: it may be another run, version or setting of the same thing.",
        check_values,
    ),
    Rule(
        "citation",
        "a thing is cited by the paper that published it",
        "that the wrong method was used or compared: the reference alone is another.",
        check_citations,
    ),
    Rule(
        "order of time",
        "a thing is made with tools that existed",
        "that the thing was not made so: it may have been made again later.",
        check_dates,
    ),
)

"""One thing has one description: backbones, machines and citations agree between tables and prose, and so do names."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from glalign.audit.columns import plain
from glalign.audit.finding import INCONSISTENT, NOTE, Found, Rule
from glalign.audit.material import Material, TextCell

NAME = "name"


def check_descriptions(material: Material) -> Iterator[Found]:
    """Yield subjects that are described otherwise elsewhere, with all the places.

    Rows of one table may differ in another column, and are not compared with each other.
    """
    said: dict[tuple[str, str], dict[str, list[TextCell]]] = defaultdict(lambda: defaultdict(list))
    for cell in material.texts:
        if cell.attribute != NAME:
            said[plain(cell.subject), cell.attribute][plain(cell.text)].append(cell)
    for (_, attribute), values in said.items():
        files = [{cell.file for cell in cells} for cells in values.values()]
        if len(values) > 1 and (len(set.union(*files)) > 1 or files[0] == {""}):
            cells = list(values.values())
            listed = "; ".join(f"{same[0].text} in {_places(same)}" for same in cells)
            yield Found(INCONSISTENT, f"{cells[0][0].subject}, {attribute}", listed)


def _places(cells: Iterable[TextCell]) -> str:
    return " and ".join(dict.fromkeys(cell.place for cell in cells))


def check_names(material: Material) -> Iterator[Found]:
    """Yield names that are spelled in several ways: they differ in case, spaces or punctuation alone."""
    spelled: dict[str, dict[str, str]] = defaultdict(dict)
    for cell in material.texts:
        if not cell.text.isdecimal():
            spelled[plain(cell.text)].setdefault(cell.text, cell.place)
    for ways in spelled.values():
        if len(ways) > 1:
            evidence = "; ".join(f"{text} in {place}" for text, place in ways.items())
            yield Found(NOTE, next(iter(ways.values())), f"one name in {len(ways)} spellings: {evidence}")


def check_units(material: Material) -> Iterator[Found]:
    """Yield numbers printed without a unit, where every other number of their quantity in the prose has one."""
    quoted = [number for number in material.numbers if number.quoted and number.rank is not None]
    without = [number for number in quoted if not number.unit]
    units = {number.unit for number in quoted if number.unit}
    if len(units) == 1 and 2 * len(without) < len(quoted):
        for number in without:
            yield Found(NOTE, number.where, f"{number.printed.text} has no unit; all others have {units.copy().pop()}")


RULES = (
    Rule(
        "same description",
        "one thing is described alike in tables and prose",
        "which description is right, or that the wrong thing was used.",
        check_descriptions,
    ),
    Rule(
        "same name",
        "one name has one spelling",
        "that two things are one: names that differ in punctuation alone may be two.",
        check_names,
    ),
    Rule("unit", "a number has the unit of its like", "that the number is in another unit.", check_units),
)

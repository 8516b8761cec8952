"""The same number in several places: two tables, or a table and the prose."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from glalign.audit.columns import is_result
from glalign.audit.finding import INCONSISTENT, Found, Rule
from glalign.audit.material import Material, Number


def check(material: Material) -> Iterator[Found]:
    """Yield numbers that differ between places, and numbers of a dataset that none of its scenarios has."""
    groups: dict[tuple[str, str, str, str], list[Number]] = defaultdict(list)
    for number in material.numbers:
        groups[_identity(number)].append(number)
    for numbers in groups.values():
        yield from _differences(material, numbers)
    yield from _of_datasets(material)


def _identity(number: Number) -> tuple[str, str, str, str]:
    """What a number is of. Without scenario and dataset, its table is its scope."""
    scope = number.scenario or number.dataset or number.file
    name = number.system or ("" if number.scenario or number.dataset else number.label)
    return name, scope, "scenario" if number.scenario else "", number.quantity


def _differences(material: Material, numbers: Sequence[Number]) -> Iterator[Found]:
    """Every number that differs from the first of another place: results, and in prose any number."""
    first = numbers[0]
    for other in numbers[1:]:
        one_table = other.file == first.file and not other.quoted  # rows of one table may differ in other columns
        if not one_table and (is_result(other.quantity) or other.quoted) and not first.printed.agrees(other.printed):
            evidence = f"{other.printed.text} here, {first.printed.text} in {first.place}"
            yield Found(INCONSISTENT, other.where, evidence + _belongs_to(material, other))


def _of_datasets(material: Material) -> Iterator[Found]:
    """Numbers that name a dataset but no scenario, and agree with none of that dataset's scenarios."""
    for number in material.numbers:
        if number.scenario or not number.dataset or not number.system:
            continue
        same = material.in_scenarios.get((number.system, number.quantity), ())
        there = [other for other in same if material.tested_on(other) == number.dataset]
        if there and not any(number.printed.agrees(other.printed) for other in there):
            listed = ", ".join(f"{other.printed.text} in {other.place}" for other in there)
            evidence = f"{number.printed.text} on {number.dataset} here, {listed}"
            yield Found(INCONSISTENT, number.where, evidence + _belongs_to(material, number))


def _belongs_to(material: Material, number: Number) -> str:
    """Where a table has the same digits for another scenario or system, in words; empty if nowhere."""
    for other in material.same_digits.get((number.quantity, number.printed.value), ()):
        own_scope = other.scenario in ("", number.scenario) if number.scenario else other.dataset == number.dataset
        nearby = other.system == number.system or other.scenario == number.scenario
        differs = other.system != number.system or not own_scope
        if nearby and differs:
            return f"; {other.printed.text} is printed in {other.place}"
    return ""


RULE = Rule(
    "same number",
    "one quantity has one value, wherever it is printed",
    "which of the places is right, or that a measurement is.",
    check,
)

"""What the prose says about numbers (sums, differences, shares, which is larger), against the numbers themselves."""

from collections.abc import Iterator
from pathlib import Path

from glalign.audit.columns import plain, quantity_of
from glalign.audit.expression import holds
from glalign.audit.finding import INCONSISTENT, Found, Rule
from glalign.audit.material import Material, Number
from glalign.audit.printed import Printed
from glalign.support.errors import UserError


def check(material: Material) -> Iterator[Found]:
    """Yield statements that the printed numbers do not fulfil, whatever they were rounded from.

    Raises: UserError for a statement of another form, or that names a number which is not there.
    """

    def find(name: str) -> Printed:
        return named(material, name).printed

    for row in material.relations:
        possible, left, right = holds(row["relation"], find)
        if not possible:
            yield Found(INCONSISTENT, row["place"], f"stated is {row['relation']}; printed are {left} and {right}")


def named(material: Material, name: str) -> Number:
    """The first number with a name: its quantity last, before it any of system, scenario, dataset, row, table and
    the table's folder.

    Raises: UserError if there is none.
    """
    *scope, quantity = name.split()
    wanted = set(map(plain, scope))
    for number in (one for one in material.numbers if one.quantity == quantity_of(quantity)):
        parts = (number.system, number.scenario, number.dataset, number.label, *Path(number.file).with_suffix("").parts)
        if wanted <= set(map(plain, parts)):
            return number
    raise UserError(f"relation: [{name}] is no printed number; name it as [SCENARIO SYSTEM rank1] or [DATASET COLUMN]")


RULE = Rule(
    "stated relation",
    "sums, differences, shares and orders that the text states hold for the printed numbers",
    "which of the numbers is wrong: the statement may be the mistake, or mean other numbers.",
    check,
)

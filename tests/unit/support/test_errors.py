"""A message suggests what was meant, and never lists dozens of names."""

import pytest

from glalign.support.errors import MANY, UserError, exit_on_user_error, nearest, suggestion


def test_a_near_name_is_suggested_and_a_few_are_listed() -> None:
    assert suggestion("sed", ["seed", "seeds"]) == "did you mean 'seed'?"
    assert suggestion("x", ["seed", "root"]) == "known: seed, root"
    assert suggestion("x", []) == "known: none"


def test_of_very_many_the_three_nearest_are_named() -> None:
    names = [f"system{number}" for number in range(MANY + 1)]
    said = suggestion("zz7", names)
    assert said.startswith(f"nearest of {MANY + 1}: system7, ")
    assert said.count(",") == 2


@pytest.mark.parametrize(
    ("known", "found"), [(["irra/a/seed0", "plot/a/seed0"], "irra/a/seed0, plot/a/seed0"), ([], "none")]
)
def test_the_nearest_come_first(known: list[str], found: str) -> None:
    assert nearest("irra/a/seed7", known) == found


def test_bad_input_ends_the_program_with_one_line() -> None:
    def refuse(key: str) -> None:
        raise UserError(f"{key}: unknown")

    with pytest.raises(SystemExit, match=r"^error: seed: unknown$"):
        exit_on_user_error(refuse, key="seed")
    assert exit_on_user_error(int, "3") == 3

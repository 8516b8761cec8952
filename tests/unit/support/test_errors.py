"""A message suggests what was meant, and never lists dozens of names."""

from pathlib import Path

import pytest

from glalign.support.errors import LONGEST, MANY, UserError, exit_on_user_error, nearest, suggestion
from glalign.support.progress import log, start_logging


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


@pytest.mark.parametrize("quoted", ["x" * 10**6, "\0" * 10**6])
def test_a_long_quotation_leaves_the_place_and_the_remedy(quoted: str) -> None:
    said = str(UserError(f"a.csv: no column {quoted}; write image"))
    assert said.startswith("a.csv: no column ") and " ... " in said and said.endswith("; write image")
    assert len(said) == LONGEST == len(str(UserError(said)))


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("a\nb\rc", r"a\nb\rc"),
        ("a\u2028b\x85c\x1b[31m", r"a\u2028b\x85c\x1b[31m"),
        ("\ud800.jpg", r"\ud800.jpg"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("áo dài 'x' \\", "áo dài 'x' \\"),
    ],
)
def test_a_message_is_one_printable_line(tmp_path: Path, quoted: str, shown: str) -> None:
    assert str(UserError(f"{quoted}: unknown")) == f"{shown}: unknown"


def test_a_log_takes_what_is_not_utf8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(tmp_path / "job.log")
    log.handlers[-1].handle(log.makeRecord("glalign", 30, __file__, 1, "a\ud800.jpg", None, None))
    start_logging(None)
    assert "a\\ud800.jpg" in (tmp_path / "job.log").read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""

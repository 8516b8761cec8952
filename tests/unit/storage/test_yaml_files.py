"""A YAML file of any content is read or refused at once, in one line."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.storage.yaml_files import LONGEST, parse_yaml, read_yaml
from glalign.support.checkout import ROOT
from glalign.support.errors import UserError


def doubled(times: int, form: str) -> str:
    """Each value is twice the one before."""
    lines = [f"a{i}: &a{i} {form.format(f'*a{i - 1}', f'*a{i - 1}')}\n" for i in range(1, times)]
    return "a0: &a0 {x: 1}\n" + "".join(lines)


HOSTILE = {
    "doubled lists": (doubled(32, "[{}, {}]"), "more than 50,000 values at line 15, column"),
    "doubled maps": (doubled(32, "{{a: {}, b: {}}}"), "more than 50,000 values"),
    "doubled merges": (doubled(32, "{{<<: [{}, {}]}}"), "more than 50,000 values"),
    "part of itself": ("a: &a [*a]", "a value that is part of itself at line 1, column 8"),
    "map in itself": ("&a {b: *a}", "a value that is part of itself"),
    "deep": ("[" * 10_000, "deeper than 50 maps and lists at line 1, column 51"),
    "deep text": ("".join(f"{' ' * i}a:\n" for i in range(100)), "deeper than 50 maps and lists at line 50"),
    "long integer": (f"a: {'1' * 5000}", "a number of too many digits at line 1, column 4"),
    "base 60": (f"a: 1{':1' * 5000}", "a number of too many digits"),
    "long": ("# " + "x" * LONGEST, f"{LONGEST + 2:,} characters of YAML, more than {LONGEST:,}; shorten it"),
    "no date": ("a: 2001-99-99", "no timestamp: month must be in 1..12 at line 1, column 4"),
    "no integer": ("a: !!int x", "no int: "),
    "no truth": ("a: !!bool x", "no bool: "),
    "key twice": ("a: 1\na: 2", "duplicate key a at line 2, column 1"),
    "key twice in other letters": ("true: 1\nyes: 2", "duplicate key yes at line 2, column 1"),
    "code": ("!!python/object/apply:os.system [x]", "could not determine a constructor"),
    "control character": ("a: \x07", "unacceptable character"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_at_once(name: str) -> None:
    text, message = HOSTILE[name]
    started = time.process_time()
    with pytest.raises(UserError) as caught:
        parse_yaml(text, "x.yaml")
    assert time.process_time() - started < 2
    assert str(caught.value).startswith("x.yaml: ") and message in str(caught.value)


@pytest.mark.parametrize("name", ["doubled maps", "part of itself", "long integer"])
def test_a_command_refuses_them_in_one_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(HOSTILE[name][0], encoding="utf-8")
    done = CliRunner().invoke(main, ["plan", "--config", str(file)])
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
    assert done.stderr.startswith(f"error: {file}: not valid YAML") and done.stderr.count("\n") == 1


def test_the_files_of_the_suite_are_within_the_bounds() -> None:
    for file in (*ROOT.glob("config/*.yaml"), *ROOT.glob("glalign/**/*.yaml"), ROOT / "tests/golden/tolerances.yaml"):
        assert read_yaml(file)


def test_aliases_and_merges_are_read() -> None:
    assert parse_yaml("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]", "x")["b"] == {"x": 1, "y": 2}

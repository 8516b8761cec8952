"""Every test that docs/guarantees.md names exists, and every fault test is named there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMED = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8"))


def functions_of(path: str) -> set[str]:
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_tests_that_hold_a_promise_exist() -> None:
    assert NAMED
    for path, name in NAMED:
        assert (ROOT / path).exists(), path
        assert not name or name in functions_of(path), f"{path}::{name}"


def test_what_the_fault_suite_holds_is_promised() -> None:
    named = {name for path, name in NAMED if path.startswith("tests/fault/")}
    held = {
        name
        for path in (ROOT / "tests" / "fault").glob("test_*.py")
        for name in functions_of(f"tests/fault/{path.name}")
    }
    assert held - named == {"test_every_kind_that_is_made_by_default_was_made"}

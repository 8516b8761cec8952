"""docs/fidelity.md is made from the docstrings."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from glalign.config.loading import overlaid
from glalign.reporting.fidelity import fidelity, parse_docstring
from glalign.support.class_source import ClassOutline
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_fidelity_document_is_the_docstrings() -> None:
    assert (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8") == fidelity(overlaid())


def test_a_docstring_without_a_section_is_refused() -> None:
    outline = ClassOutline({}, frozenset(), docstring="Summary.\n\nSource: here.\n\nKept: all.")
    entry = SimpleNamespace(class_path="baselines.irra.Irra", budget=1, label="IRRA")
    with pytest.raises(UserError, match=r"baselines\.irra\.Irra: .*`Simplified:`"):
        fidelity(SimpleNamespace(systems={"irra": entry}, classes={"irra": outline}))
    assert parse_docstring("Summary.\n\nKept: a\nb.") == ("Summary.", {"Kept": "a b."})

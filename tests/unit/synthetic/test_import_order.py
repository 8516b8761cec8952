"""The packages of `glalign.synthetic` import one way only."""

import re
from pathlib import Path

import glalign.synthetic

ORDER = ("domains", "people", "drawing", "captions", "dataset", "translation")
ROOT = Path(glalign.synthetic.__file__).parent


def test_a_package_imports_only_itself_and_packages_before_it():
    for source in ROOT.glob("*/*.py"):
        allowed = ORDER[: ORDER.index(source.parent.name) + 1]
        imported = re.findall(r"glalign\.synthetic\.(\w+)", source.read_text(encoding="utf-8"))
        assert set(imported) <= set(allowed), source

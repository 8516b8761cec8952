"""What a class says of itself is read from its source, base classes included."""

from pathlib import Path

import pytest

from glalign.config.loading import overlaid, resolve
from glalign.support import class_source as classes
from glalign.support.class_source import class_outline
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
CLASS = '''
"""A system."""
from dataclasses import dataclass
from glalign.contract.retriever import Retriever

@dataclass(frozen=True)
class Options:
    """Options."""
    width: int = 4

class Base(Retriever):
    """A base."""
    needs = frozenset({{"parts"}})
    def build(cls): ...
    def loss(self, batch): ...

class System(Base):
    """The system's own words."""
    needs = frozenset({{{needs}}})
    def encode_images(self, batch): ...
    {last}
'''


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a module `written_<n>` with the class; returns its dotted path."""
    monkeypatch.syspath_prepend(tmp_path)
    count = 0

    def write(needs: str = '"words"', last: str = "def encode_texts(self, batch): ...") -> str:
        nonlocal count
        count += 1
        name = f"written_{tmp_path.name.replace('-', '_')}_{count}"
        (tmp_path / f"{name}.py").write_text(CLASS.format(needs=needs, last=last), encoding="utf-8")
        classes.source_of.cache_clear()
        return f"{name}.System"

    return write


def system(path: str) -> dict:
    """The configuration's IRRA entry with another class."""
    values = overlaid(root=ROOT).to_json()
    values["systems"]["irra"] |= {"class": path, "model": {}}
    return values


def test_methods_and_docstring_are_read_without_an_import(written) -> None:
    outline = class_outline(written())
    assert outline.methods == {"build", "loss", "encode_images", "encode_texts"}
    assert outline.needs == {"words"}
    assert outline.docstring == "The system's own words."
    assert list(outline.options) == ["width"]


def test_a_class_without_a_method_is_refused_by_name(written) -> None:
    with pytest.raises(UserError, match=r"systems\.irra\.class: .*System has no method `encode_texts`"):
        resolve(system(written(last="")))


def test_what_the_contract_itself_only_declares_is_no_method(written) -> None:
    assert "similarity" not in class_outline(written()).methods


def test_needs_that_cannot_be_read_without_an_import_are_refused(written) -> None:
    path = written(needs='"words"} | {*EXTRA')
    with pytest.raises(UserError, match=r"System: `needs` must be a literal set of names"):
        class_outline(path)


def test_a_class_that_is_not_there_is_told_from_those_that_are(written) -> None:
    with pytest.raises(UserError, match=r"has no class 'Systm'; it has Options, Base, System"):
        class_outline(written().replace("System", "Systm"))


def test_a_need_that_no_batch_meets_is_refused_by_name(written) -> None:
    with pytest.raises(UserError, match=r"System needs 'phrase', which no batch has; did you mean 'phrases'\?"):
        resolve(system(written(needs='"phrase"')))
    with pytest.raises(UserError, match="needs 'depth', which no batch has; known: parts, phrases"):
        resolve(system(written(needs='"depth"')))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80", "no source of Python|codec can't decode"),
        (b"class System:\0 pass", "null bytes"),
        (b"x = " + b"(" * 10_000, "too many nested parentheses"),
        (b"class System(System):\n    pass", "the imports or bases of System go in a circle; break it"),
        (b"from NAME import System", "the imports or bases of System go in a circle; break it"),
        (b"class System:\n    needs = {1, 'words'}", "System needs 1, which no batch has"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_line(written, tmp_path: Path, content: bytes, message: str) -> None:
    path = written()
    file = tmp_path / f"{path.removesuffix('.System')}.py"
    file.write_bytes(content.replace(b"NAME", file.stem.encode()))
    with pytest.raises(UserError, match=message):
        class_outline(path)


def test_a_default_that_is_no_value_is_none(written, tmp_path: Path) -> None:
    path = written()
    file = tmp_path / f"{path.removesuffix('.System')}.py"
    file.write_text(
        file.read_text(encoding="utf-8").replace("width: int = 4", "width: int = {[]: 1}"), encoding="utf-8"
    )
    assert class_outline(path).options["width"].default is None

"""What documents quote of commands is what the commands print."""

from pathlib import Path

import pytest

from glalign.cli.quoted_output import QUOTED, renew, renewed
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
DOCUMENTS = ("README.md", "docs/results.md")  # those of `make docs`


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_quotes_what_its_commands_print(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / name).read_text(encoding="utf-8")
    assert QUOTED.search(text)
    assert renewed(text, name) == text


def test_make_docs_renews_every_document_that_quotes() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    renewing = next(line for line in lines if "quoted_output" in line)
    files = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
    quoting = {str(file.relative_to(ROOT)) for file in files if QUOTED.search(file.read_text(encoding="utf-8"))}
    assert quoting == set(DOCUMENTS) == {word for word in renewing.split() if word.endswith(".md")}


def test_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("name,rank1\na,1.5\n", encoding="utf-8")
    document = tmp_path / "d.md"
    mark = f"<!-- glalign table {table} -->"
    document.write_text(f"before\n\n{mark}\n\n    old\n\n<!-- end -->\n\nbehind\n", encoding="utf-8")
    renew(document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n\n{mark}\n\n    name ")
    assert "old" not in text
    assert text.endswith("\n\n<!-- end -->\n\nbehind\n")
    renew(document)
    assert document.read_text(encoding="utf-8") == text


def test_a_command_that_fails_is_named_and_the_document_stays(tmp_path: Path) -> None:
    document = tmp_path / "d.md"
    document.write_text("<!-- glalign table none.csv -->\n<!-- end -->\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"d\.md: `glalign table none\.csv` fails: "):
        renew(document)
    assert document.read_text(encoding="utf-8") == "<!-- glalign table none.csv -->\n<!-- end -->\n"

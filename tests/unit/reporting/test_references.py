"""The bibliography: an entry for everything that the tables name, and a file that BibTeX reads."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.contract.formats import FORMATS
from glalign.planning.report_stages import ReferencesSpec
from glalign.reporting.references import BIBLIOGRAPHY, ENTRY, citation_keys, make_references

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / BIBLIOGRAPHY).read_text(encoding="utf-8")
STYLE = "\\relax\n\\citation{*}\n\\bibstyle{plain}\n\\bibdata{references}\n"


def test_every_name_of_the_tables_has_an_entry() -> None:
    config, keys = planned().config, citation_keys()
    named = {entry.label for entry in (*config.systems.values(), *config.datasets.values())}
    named |= {layout.title for layout in FORMATS.values() if " as " not in layout.title}
    assert named | {"McNemar", "Wilson", "Holm", "bootstrap"} <= set(keys)


def test_a_citation_of_the_paper_is_the_work_that_it_means() -> None:
    keys = citation_keys()
    assert keys["IRRA"] != keys["TBPS-CLIP, simplified"], "the paper gives both the number 10"


def test_every_entry_is_used_and_complete() -> None:
    entries = re.split(r"^(?=@)", TEXT, flags=re.MULTILINE)[1:]
    assert sorted(ENTRY.findall(TEXT)) == sorted(set(citation_keys().values()))
    for entry in entries:
        fields = set(re.findall(r"^  (\w+) += \{", entry, re.MULTILINE))
        assert {"author", "title", "year"} <= fields and fields & {"journal", "booktitle", "note"}, entry
        body = entry.split("\n% ")[0]
        assert body.count("{") == body.count("}"), entry


def test_the_stage_copies_it(tmp_path: Path) -> None:
    make_references(ReferencesSpec(bibliography=str(ROOT / BIBLIOGRAPHY)), tmp_path / "references.bib")
    assert (tmp_path / "references.bib").read_text(encoding="utf-8") == TEXT


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="no BibTeX here")
def test_bibtex_reads_it_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "references.bib").write_text(TEXT, encoding="utf-8")
    (tmp_path / "paper.aux").write_text(STYLE, encoding="utf-8")
    done = subprocess.run(["bibtex", "paper"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "arning" not in done.stdout, done.stdout
    assert (tmp_path / "paper.bbl").read_text(encoding="utf-8").count("\\bibitem") == len(ENTRY.findall(TEXT))

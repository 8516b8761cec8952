"""The audit of the paper against the list of its misprints (docs/audit.md): what is found by rule, and what is not."""

import re
from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.audit.finding import Finding
from glalign.audit.material import Material
from glalign.audit.reading import read_material
from glalign.audit.rules import RULES, audit
from glalign.planning.audit_stages import AuditSpec

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
ITEMS = dict(re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|", DOCUMENT, re.MULTILINE))

EVIDENCE: dict[int, list[tuple[str, str]]] = {
    1: [("rank order", "Rank-5 66.20 is larger than Rank-10 59.72")],
    2: [("same number", "52.40 here, 33.07 in Table 8"), ("same number", "33.07 here, 52.40 in Table 8")],
    3: [("same number", "33.07 on 3000VnPerson-Search here, 42.32 in Table 9")],
    4: [("same description", "GPT-2 in Table 8"),
        ("same description", "GPT-2 in Table 9, GLAlign (Ours) and Table 10")],
    5: [("citation", "irra is cited as [10]")],
    6: [("other source", "39.06 here; 44.40"), ("other source", "19.71 here; 19.05"), 
        ("other source", "SCRF here; SRCF"), ("same name", "SCRf in Table 4")],
    7: [("stated relation", "printed are 12604 and 12602")],
    8: [("share of queries", "80.75 cannot be a share of 1,000"),
        ("share of queries", "77.72 cannot be a share of 1,000"),
        ("share of queries", "gives 85.72 (which takes 1,338 if rounded, 911"),
        ("share of queries", "gives 60.02 (which takes 803 if rounded, 668")],
    9: [("rank profile", "Rank-10 99.38 at Rank-1 80.75")],
    10: [("same description", "Device 2504 in Section 4.1.2; NVIDIA GTX 1650 in Section 5.5")],
    12: [("other source", "512 here; 768"), ("other source", "8 here; 12"), ("other source", "512 here; 256")],
    13: [("keyword", "'kính' stands in HEAD and OTHERS")],
    14: [("unit", "28.49 has no unit"), ("same name", "3000VnV2E"), ("same name", "3000VnPersonSearch")],
    15: [("stated relation", "[SV2 glalign rank1] < [SE1 glalign rank1]")],
    16: [("stated relation", "[SV1 glalign rank1] > [SV2 glalign rank1]")],
    17: [("repeated decimals", "Rank-1 77.72 / 85.72 / 50.72, Rank-5 94.31 / 97.31 / 67.31"),
         ("repeated decimals", "Rank-10 99.70 / 79.70")],
    18: [("stated relation", "printed are 94.8 and 92.96"), ("stated relation", "printed are 98.4 and 96.82")],
    19: [("stated relation", "printed are 16.71 and 25"), ("stated relation", "printed are 2.36 and 3")],
    21: [("repeated mean", "26.10 in Table 3"), ("other source", "26.10 here; 23.5")],
    26: [("reference", "arXiv 2110.10807 in its text"), ("reference", "no first author, no title"),
         ("citation", "ResNet-50 is cited as [2]"), ("citation", "ResNet-101 is cited as [3]")],
    27: [("order of time", "3000VnPerson-Search was published in 2022 [14]")],
}  # fmt: skip
"""Number of an item -> (rule, part of the evidence) of findings that are about it."""

CONSISTENT = ("Table 2", "Section 3.2", "Section 4.3.3", "mismatch_rate", "51.35", "6.54", "7.84", "18.50", "37")
"""In no place of a finding, and in no number of its evidence."""


@pytest.fixture(scope="module")
def material() -> Material:
    spec = planned().jobs["audit"]["audit"].spec
    assert isinstance(spec, AuditSpec)
    files = [ROOT / path for path in (*spec.tables, *spec.quoted)]
    return read_material(files, keywords=ROOT / spec.keywords)


@pytest.fixture(scope="module")
def findings(material: Material) -> list[Finding]:
    return audit(material)


def test_the_document_lists_every_item_and_says_which_are_found() -> None:
    assert sorted(map(int, ITEMS)) == list(range(1, 29))
    found = {int(item) for item, by in ITEMS.items() if by != "needs a reader"}
    assert found == set(EVIDENCE)
    assert f"The rules find {len(found)} of them" in DOCUMENT


@pytest.mark.parametrize("item", EVIDENCE)
def test_an_item_is_found_by_the_rules_that_the_document_names(item: int, findings: list[Finding]) -> None:
    assert set(re.findall("`([^`]+)`", ITEMS[str(item)])) == {rule for rule, _ in EVIDENCE[item]}
    for rule, part in EVIDENCE[item]:
        assert any(finding.rule == rule and part in finding.evidence for finding in findings), part


def test_the_document_names_every_rule() -> None:
    assert [name for name in re.findall(r"^\| `([^`|]+)` \|", DOCUMENT, re.MULTILINE) if "." not in name][4:] == [
        rule.name for rule in RULES
    ]


def test_nothing_that_is_consistent_has_a_finding(findings: list[Finding]) -> None:
    for finding in findings:
        numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", finding.evidence)
        assert not set(CONSISTENT) & {finding.place, *finding.place.split(", "), *numbers}, finding


def test_of_the_numbers_in_the_text_two_disagree_with_their_tables(material: Material, findings: list[Finding]) -> None:
    quoted = [number for number in material.numbers if number.quoted and number.unit == "%"]
    wrong = {finding.place for finding in findings if finding.rule == "same number" and finding.place.startswith("Sec")}
    assert len(quoted) > 30
    assert wrong == {"Section 4.3.2, pham2022, SV1, rank1", "Section 4.3.2, pham2021, SV1, rank1"}


def test_a_finding_accuses_nobody_and_says_what_it_does_not_prove(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.does_not_prove
        assert not re.search("fabricat|fraud|fake|manipulat|invented|false", f"{finding.place} {finding.evidence}")


def test_no_rule_has_a_number_of_the_paper(material: Material) -> None:
    """A printed number with decimals stands in no source of the room, but in an example of a docstring."""
    printed = {number.printed.text for number in material.numbers if number.printed.places > 1}
    for file in sorted((ROOT / "glalign/audit").glob("*.py")):
        code = re.sub(r'"""(?s:.*?)"""', "", file.read_text(encoding="utf-8"))
        assert not printed & set(re.findall(r"\d+\.\d+", code)), file

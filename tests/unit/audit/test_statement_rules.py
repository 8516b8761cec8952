"""Rules over what a text states: test sets, references, other sources, keyword lists."""

from pathlib import Path

from helpers.audits import found, lines, material

from glalign.audit.keyword_lists import check
from glalign.audit.material import Material
from glalign.audit.reading import read_material

TABLE = "system,scenario,cite,rank1\nirra,S1,10,73.38\nplot,S1,11,75.28\n"
SETS = "place,scenario,dataset,unit,count,source\n"
SAID = "place,subject,attribute,value\n"
FACTS = "subject,dataset,attribute,value,source\n"
ENTRIES = "number,first_author,title,year,arxiv,doi\n"


def test_a_test_set_with_two_sizes_or_two_units(tmp_path: Path) -> None:
    sets = SETS + "Section 1,S1,,identities,100,stated\nSection 2,S1,,identities,200,stated\n"
    sets += "Section 1,S2,,identities,100,stated\nSection 2,S2,,samples,100,stated\n"
    sets += (
        "Section 1,S3,,identities,100,stated\nSection 2,S3,,identities,100,stated\nelsewhere,S3,,queries,7,counted\n"
    )
    assert [line.split(": ")[:3] for line in lines(found(tmp_path, table1=TABLE, test_sets=sets), "test set")] == [
        ["inconsistent", "S1", "the test set has two sizes"],
        ["inconsistent", "S2", "one count in two units"],
    ]


def test_more_test_identities_than_the_split_has(tmp_path: Path) -> None:
    sets = SETS + "Section 1,,X,identities,1000,stated\nSection 2,S1,,identities,3000,stated\n"
    findings = found(tmp_path, table1=TABLE, test_sets=sets, scenarios="scenario,train,test\nS1,X,X\n")
    assert lines(findings, "test set") == [
        "note: S1: 3,000 identities in Section 2, more than the 1,000 test identities of X in Section 1"
    ]


def test_queries_of_another_source_give_a_note_and_stated_ones_more(tmp_path: Path) -> None:
    sets = SETS + "release,S1,,queries,1000,counted\n"
    assert [line[:4] for line in lines(found(tmp_path, table1=TABLE, test_sets=sets), "share of queries")] == [
        "note"
    ] * 2
    sets = sets.replace("counted", "stated")
    assert [line[:6] for line in lines(found(tmp_path, table1=TABLE, test_sets=sets), "share of queries")] == [
        "imposs"
    ] * 2


def test_a_quoted_share_of_a_stated_number(tmp_path: Path) -> None:
    head = "place,system,scenario,dataset,quantity,value,unit,of\n"
    quoted = head + "Section 5,,,X,errors,18.50,%,200\nSection 6,,,X,misses,18.60,%,200\n"
    assert [
        line.partition(";")[0] for line in lines(found(tmp_path, table1=TABLE, numbers=quoted), "share of queries")
    ] == ["impossible: Section 6, X, misses: 18.60 cannot be a share of 200 things"]


def test_a_citation_of_another_paper(tmp_path: Path) -> None:
    facts = FACTS + "irra,,first_author,Jiang,Jiang and Ye 2023\nplot,,first_author,Park,Park et al. 2024\n"
    entries = ENTRIES + "10,Cao,An empirical study,2024,,\n11,Park,PLOT,2024,,\n"
    assert lines(found(tmp_path, table1=TABLE, published=facts, references=entries), "citation") == [
        "inconsistent: Table 1, irra: irra is cited as [10]; [10] is Cao, An empirical study; it was published by "
        "Jiang and Ye 2023"
    ]


def test_two_citations_of_one_thing(tmp_path: Path) -> None:
    findings = found(tmp_path, table1=TABLE, table2=TABLE.replace("10,", "12,").replace("S1", "S2"))
    assert lines(findings, "same description") == ["inconsistent: irra, cite: 10 in Table 1, irra; 12 in Table 2, irra"]


def test_values_of_other_sources(tmp_path: Path) -> None:
    facts = FACTS + "irra,X,rank1,73.38,paper\nplot,X,rank1,75.30,paper\nplot,,width,768,files\n"
    said = SAID + "Section 3,PLOT,width,512\n"
    findings = found(
        tmp_path, table1=TABLE, published=facts, descriptions=said, scenarios="scenario,train,test\nS1,X,X\n"
    )
    assert lines(findings, "other source") == [
        "note: Table 1, plot, rank1: 75.28 here; 75.30 elsewhere (paper)",
        "note: Section 3, PLOT, width: 512 here; 768 elsewhere (files)",
    ]


def test_a_tool_that_is_younger_than_what_it_made(tmp_path: Path) -> None:
    said = SAID + "Section 4,Set A,cite,1\nSection 4,Set A,made_with,YOLO\nSection 4,Set B,cite,2\n"
    said += "Section 4,Set B,made_with,YOLO\n"
    facts, entries = FACTS + "YOLO,,released,2023,its release\n", ENTRIES + "1,A,T,2022,,\n2,B,T,2023,,\n"
    findings = found(tmp_path, table1=TABLE, descriptions=said, published=facts, references=entries)
    assert [line.partition(";")[0] for line in lines(findings, "order of time")] == [
        "inconsistent: Section 4: Set A was published in 2022 [1]"
    ]


def test_references_that_contradict_themselves_or_lack_something(tmp_path: Path) -> None:
    entries = (
        ENTRIES + "1,A,T,2021,2110.10807,10.48550/arXiv.2404.18106\n2,A,T,2021,2110.1,10.48550/arXiv.2110.1\n3,,,,,x\n"
    )
    assert lines(found(tmp_path, table1=TABLE, references=entries), "reference") == [
        "inconsistent: reference [1]: arXiv 2110.10807 in its text, arXiv 2404.18106 in its DOI",
        "note: reference [3]: it has no first author, no title, no year",
    ]


def test_a_number_without_the_unit_of_the_others(tmp_path: Path) -> None:
    head = "place,system,scenario,dataset,quantity,value,unit,of\n"
    quoted = (
        head + "Section 1,irra,S1,,rank1,73.38,%,\nSection 2,plot,S1,,rank1,75.28,%,\nTable 1,plot,S1,,rank1,75.28,,\n"
    )
    assert lines(found(tmp_path, table1=TABLE, numbers=quoted), "unit") == [
        "note: Table 1, plot, S1, rank1: 75.28 has no unit; all others have %"
    ]


def test_keywords_of_two_regions(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text(
        "vi: {HEAD: [tóc, kính], OTHERS: [Kính, ô]}\nen: {HEAD: [ô]}\n", encoding="utf-8"
    )
    material(tmp_path, table1=TABLE)
    read = read_material([tmp_path / "table1.csv"], keywords=tmp_path / "words.yaml")
    assert [one.evidence for one in check(read)] == ["'kính' stands in HEAD and OTHERS"]
    assert list(check(Material())) == []

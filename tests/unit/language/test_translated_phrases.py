"""Phrases of a translation: found in the source caption, with its regions, and placed word for word in the target."""

import json
from pathlib import Path

import pytest

from glalign.contract.phrase_rows import read_phrase_rows
from glalign.contract.records import Record, write_manifest
from glalign.contract.specs.data import PhrasesSpec, SourceCaptions
from glalign.language.noun_chunks import NounPhrase
from glalign.language.phrases import make_phrases
from glalign.language.translated_phrases import (
    TranslatedPhrase,
    logged_translations,
    placed,
    read_translated_phrases,
)
from glalign.support.errors import UserError

ENGLISH = "A man in a red shirt and black shoes."
VIETNAMESE = "Một người đàn ông mặc áo sơ-mi đỏ và giày đen."
KEY = ("a.jpg", 0)


@pytest.mark.parametrize(
    ("caption", "texts", "found"),
    [
        (VIETNAMESE, ["áo sơ mi đỏ", "GIÀY ĐEN."], ["áo sơ-mi đỏ", "giày đen"]),
        ("một áo_khoác đỏ", ["áo khoác", "khoác_đỏ"], ["áo_khoác", "khoác đỏ"]),
        ("áo họa tiết", ["áo hoạ tiết"], ["áo họa tiết"]),
        ("a\u0301o đỏ và áo đỏ", ["áo đỏ", "áo đỏ", "áo đỏ"], ["a\u0301o đỏ", "áo đỏ", None]),
        (
            "quần dài màu đen, mũ màu đen",
            ["quần dài màu đen", "màu đen", "đen"],
            ["quần dài màu đen", "màu đen", "đen"],
        ),
        ("áo, đỏ", ["áo đỏ", "áo, đỏ"], [None, "áo, đỏ"]),
        ("giày đen", ["giày", "ày đen", "giày đen tuyền", ".", ""], ["giày", None, None, None, None]),
    ],
)
def test_places_are_word_for_word(caption: str, texts: list[str], found: list[str | None]) -> None:
    places = placed(caption, [TranslatedPhrase("", text) for text in texts])
    assert [place and caption[place[0] : place[1]] for place in places] == found


def test_a_phrase_has_a_place_that_no_other_overlaps_where_there_is_one() -> None:
    caption = "quần dài màu đen, mũ màu đen"
    assert placed(caption, [TranslatedPhrase("", "quần dài màu đen"), TranslatedPhrase("", "màu đen")])[1] == (21, 28)
    known = [TranslatedPhrase("", "màu đen", place) for place in ((21, 28), (9, 16), (21, 28), (0, 7))]
    assert placed(caption, known) == [(21, 28), (9, 16), None, None]


def rules(folder: Path, source: SourceCaptions) -> PhrasesSpec:
    manifest = str(folder / "vi.jsonl")
    write_manifest(manifest, [Record("a.jpg", 1, "train", (VIETNAMESE,)), Record("b.jpg", 1, "train", ("Tóc dài.",))])
    how = {"chunker": "words", "match": "words", "several": "nearest"}
    return PhrasesSpec(manifest=manifest, language="vi", translated_from=source, **how)  # type: ignore[arg-type]


def named(folder: Path, spec: PhrasesSpec) -> list[tuple[str, str | None]]:
    make_phrases(spec, folder / "p.jsonl")
    rows = read_phrase_rows(folder / "p.jsonl")
    assert list(rows) == [KEY, ("b.jpg", 0)]
    assert all(VIETNAMESE[one["start"] : one["end"]] == one["text"] for one in rows[KEY])
    return [(one["text"], one["region"]) for one in rows[KEY]]


def test_a_file_of_a_user_gives_phrases_with_the_regions_of_the_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        ("black shoes", "giày đen"),
        ("a red shirt", "áo sơ mi đỏ"),
        ("a man", "người đàn ông"),
        ("a bag", "cái túi"),
    ]
    table = "image,index,source,translated\n" + "".join(f"a.jpg,0,{one},{other}\n" for one, other in rows)
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    objects = [dict(zip(("image", "index", "source", "translated"), (*KEY, *row), strict=True)) for row in rows]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in objects), encoding="utf-8")
    expected = [("người đàn ông", None), ("áo sơ-mi đỏ", "UPPERBODY"), ("giày đen", "SHOES")]
    for name in ("t.csv", "t.jsonl"):
        with caplog.at_level("INFO", "glalign"):
            spec = rules(tmp_path, SourceCaptions(language="en", file=str(tmp_path / name)))
            assert named(tmp_path, spec) == expected
        assert "4 phrases of the source, left out: 1 have no place of their own" in caplog.text


def test_the_translators_log_gives_what_was_found_in_the_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def entry(source: str, target: str | None) -> dict:
        start = ENGLISH.index(source)
        place = {"text": source, "start": start, "end": start + len(source)}
        at = VIETNAMESE.index(target) if target else 0
        made = {"text": target, "start": at, "end": at + len(target)} if target else None
        return {"source": place, "target": made, "region": "wrong"}

    log = {
        "a.jpg": [{"phrases": [entry("a red shirt", "áo sơ-mi đỏ"), entry("black shoes", None)]}],
        "b.jpg": [{"phrases": []}],
    }
    (tmp_path / "log.json").write_text(json.dumps(log), encoding="utf-8")
    write_manifest(
        tmp_path / "en.jsonl",
        [Record("a.jpg", 1, "train", (ENGLISH,)), Record("b.jpg", 1, "train", ("He has long hair.",))],
    )
    files = {"manifest": str(tmp_path / "en.jsonl"), "translation": str(tmp_path / "log.json")}
    with caplog.at_level("INFO", "glalign"):
        assert named(tmp_path, rules(tmp_path, SourceCaptions(language="en", **files))) == [
            ("áo sơ-mi đỏ", "UPPERBODY")
        ]
    assert "3 phrases of the source, left out: 0 have no place of their own in their caption, 2 have no" in caplog.text


def test_a_phrase_is_translated_as_what_shares_most_of_it(tmp_path: Path) -> None:
    def row(start: int, end: int, text: str | None) -> dict:
        return {"source": {"start": start, "end": end}, "target": text and {"text": text, "start": end, "end": end + 1}}

    file = tmp_path / "log.json"
    file.write_text(json.dumps({"a.jpg": [{"phrases": [row(0, 4, "x"), row(4, 9, "y"), row(9, 12, None)]}]}), "utf-8")
    phrases = [NounPhrase(2, 8, "one"), NounPhrase(0, 6, "two"), NounPhrase(8, 12, "lost"), NounPhrase(12, 15, "new")]
    found, without = logged_translations(file, {KEY: phrases})
    assert (found, without) == ({KEY: [TranslatedPhrase("one", "y", (9, 10)), TranslatedPhrase("two", "x", (4, 5))]}, 2)
    with pytest.raises(UserError, match=r"log\.json: not the translation of these captions .*translate them again"):
        logged_translations(file, {("b.jpg", 0): phrases})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.jpg,1,a shoe,giày", r"t\.csv:2: no caption 1 of a\.jpg in the dataset; correct or remove the row"),
        ("a.jpg,x,a shoe,giày", r"t\.csv:2: wants image, index, source, translated, the index a number from 0"),
        ("a.jpg,0,a shoe,", r"t\.csv:2: `translated` is '', not a phrase; write it, or remove the row"),
        ("a.jpg,0,...,giày", r"t\.csv:2: `source` is '\.\.\.', not a phrase"),
    ],
)
def test_rows_that_cannot_be_taken_are_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(f"image,index,source,translated\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_translated_phrases(file, {KEY: VIETNAMESE})


def test_a_missing_file_and_values_of_another_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.csv: .*correct `translated_phrases`"):
        read_translated_phrases(tmp_path / "none.csv", {KEY: VIETNAMESE})
    row = {"image": "a.jpg", "index": 0, "source": 3, "translated": "giày"}
    (tmp_path / "t.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(UserError, match=r"t\.jsonl:1: `source` is 3, not a phrase"):
        read_translated_phrases(tmp_path / "t.jsonl", {KEY: VIETNAMESE})

"""What in captions limits results: texts of several people, other scripts, lost diacritics, captions that are cut."""

from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from glalign.contract.records import Record
from glalign.contract.tokenizer import is_cut
from glalign.data.caption_facts import caption_facts, rank1_ceiling, remarks, tokenizers_of
from glalign.data.caption_tensors import TokenTable
from glalign.data.repeated_images import remarks as image_remarks
from glalign.data.repeated_images import repeated_images
from glalign.language.tokenizers import WordTokenizer, clip_tokenizer
from glalign.storage.weight_files import PRETRAINED
from glalign.support.errors import UserError

PLAIN = "ao thun den, quan jean xanh"
MARKED = "\u00e1o thun \u0111en, qu\u1ea7n jean xanh"


def records(*captions: tuple[int, str]) -> list[Record]:
    return [Record(f"{number}.png", person, "test", (text,)) for number, (person, text) in enumerate(captions)]


def lines(language: str, *captions: tuple[int, str], ranked: bool = True) -> list[str]:
    return remarks("test", caption_facts(records(*captions), language), len(captions), language, ranked=ranked)


def best_of_all_rankings(captions: list[tuple[int, str]]) -> float:
    """Highest Rank-1 in percent of all ways to put one person in front for each text."""
    texts, people = sorted({text for _, text in captions}), sorted({person for person, _ in captions})
    choices = (dict(zip(texts, first, strict=True)) for first in product(people, repeat=len(texts)))
    return 100 * max(sum(first[text] == person for person, text in captions) for first in choices) / len(captions)


@pytest.mark.parametrize(
    "captions",
    [
        [(1, "a"), (2, "a")],
        [(1, "a"), (1, "a"), (2, "a"), (2, "b")],
        [(1, "a"), (2, "a"), (3, "a"), (1, "b"), (2, "b"), (2, "b"), (3, "c")],
        [(1, "a"), (1, "a"), (2, "b")],
    ],
)
def test_the_ceiling_is_the_best_that_any_ranking_of_texts_reaches(captions: list[tuple[int, str]]) -> None:
    assert caption_facts(records(*captions), "en").rank1_ceiling == round(best_of_all_rankings(captions), 3)


def test_shared_texts_are_counted_and_their_ceiling_is_said_of_queries_alone() -> None:
    captions = [(1, "a man"), (2, "a man"), (2, "a man"), (3, "a woman"), (3, "a woman")]
    facts = caption_facts(records(*captions), "en")
    assert (facts.shared, facts.shared_texts, facts.rank1_ceiling) == (3, 1, 80.0)
    assert rank1_ceiling([Counter({1: 1})]) == 100.0
    assert lines("en", *captions) == [
        "test: 3 captions have 1 text that several people have; no system can reach a Rank-1 above 80.00 %"
    ]
    assert lines("en", *captions, ranked=False) == ["test: 3 captions have 1 text that several people have"]
    assert lines("en", (1, "a man"), (1, "a man"), (2, "a woman")) == []


def test_letters_of_other_scripts_are_counted_by_caption() -> None:
    captions = [
        (1, "a man \u7537\u4eba"),
        (2, "\u7537 a man"),
        (3, "\u043c\u0430n"),
        (4, "caf\u00e9 \u00b5m 4\u00ba \u2014 ok"),
    ]
    assert caption_facts(records(*captions), "en").scripts == {"CJK": 2, "CYRILLIC": 1}
    assert lines("en", *captions) == [
        "test: captions have letters of other scripts than Latin: CJK in 2, CYRILLIC in 1"
    ]


def test_vietnamese_without_diacritics_is_noticed_and_so_is_another_language() -> None:
    (line,) = lines("vi", (1, PLAIN), (2, PLAIN + " a"), (3, MARKED))
    assert line.startswith(
        "test: only 1 of 3 captions have a letter that Vietnamese has and English lacks, such as \u0111"
    )
    assert lines("vi", (1, PLAIN), (2, MARKED)) == []
    assert lines("en", (1, PLAIN), (2, PLAIN + " a"), (3, MARKED)) == []
    (line,) = lines("en", (1, MARKED), (2, MARKED + " a"))
    assert line == "test: 2 of 2 captions have a letter that Vietnamese has and English lacks: is its language 'en'?"


def test_tokenizers_of_files_are_counted_beside_clip(tmp_path: Path) -> None:
    files = [(PRETRAINED / f"tiny_{name}.tokenizer.json", 5) for name in ("wordpiece", "unigram")]
    found = caption_facts(records((1, "red"), (2, "red shirt " * 9)), "en", tokenizers_of(files))
    assert found.cut == {
        **{f"the 5 tokens of {file.name}": 1 for file, _ in files},
        "CLIP's 77 tokens": 0,
    }
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        tokenizers_of([(tmp_path / "none.json", 5)])


def test_captions_that_clip_does_not_read_are_not_counted() -> None:
    assert caption_facts(records((1, MARKED * 30)), "vi").cut == {}


def test_captions_that_clip_cuts_are_counted() -> None:
    room = 75
    captions = [(1, "red " * room), (2, "red " * room + "."), (3, "red " * room + "bag")]
    assert caption_facts(records(*captions), "en").cut == {"CLIP's 77 tokens": 1}
    assert lines("en", *captions) == ["test: 1 of 3 captions are longer than CLIP's 77 tokens and are cut"]


@pytest.mark.parametrize(
    "tokenizer", [clip_tokenizer(context_length=6), WordTokenizer(["a", "red", "shirt", "and", "bag"], 4)]
)
def test_every_tokenizer_tells_what_it_cuts(tokenizer) -> None:
    captions = ["a red shirt and", "a red shirt and.", "a red shirt and bag", "a red"]
    assert [is_cut(text, tokenizer.encode(text)[1], tokenizer.context_length) for text in captions] == [
        *(False, False, True, False)
    ]
    assert TokenTable(captions, tokenizer).cut == 1


def test_pictures_in_two_splits_and_of_two_people_are_counted() -> None:
    found = [Record(name, person, split, ("a",)) for name, person, split in (
        ("1.png", 1, "train"), ("2.png", 1, "train"), ("3.png", 2, "val"), ("4.png", 3, "test"), ("5.png", 3, "test"),
    )]  # fmt: skip
    one = repeated_images(found, ["x", "y", "z", "x", "x"])
    assert (one.pictures, one.of_several_people) == (1, 1)
    assert one.between == {"test and train": 1}
    assert one.first == {"test and train": ("4.png", "1.png")}
    assert image_remarks(one) == [
        "test and train have 1 picture in common, byte for byte: first 4.png and 1.png",
        "1 picture of several people, byte for byte",
    ]
    assert image_remarks(repeated_images(found, ["x", "x", "y", "z", "z"])) == []
    assert repeated_images(found, "xxyzz").pictures == 2

"""The translators: coverage, word order, facts that follow the words, logs that match the texts, documented rates."""

import json
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from helpers.pedes import read_pedes

from glalign.contract.specs.data import SynthesizeSpec, TranslateSpec
from glalign.support.errors import UserError
from glalign.synthetic.captions import clauses_en, clauses_vi, words_vi
from glalign.synthetic.captions import words_en as words
from glalign.synthetic.captions.attributes import with_grue
from glalign.synthetic.captions.caption_pair import caption_pair
from glalign.synthetic.captions.long_tail import long_tail, spellings
from glalign.synthetic.captions.phrases_en import PATTERNS, SLEEVES
from glalign.synthetic.dataset import write_dataset
from glalign.synthetic.domains.registry import DOMAINS
from glalign.synthetic.drawing.photograph import photograph
from glalign.synthetic.drawing.visible_attributes import visible_attributes
from glalign.synthetic.people.identity import make_person
from glalign.synthetic.translation.phrase_table import PhraseTable, rates
from glalign.synthetic.translation.translate import count_errors, translate_dataset
from glalign.synthetic.translation.translator import translate

EN_VI, VI_EN = ("en", "vi"), ("vi", "en")
SPEC = SynthesizeSpec(domain="plaza", train=5, val=2, test=3, images=2, people="vn3k", language="vi", root_seed=3)
SPLITS = {"train": "train", "val": "val", "test": "test"}


@cache
def captions(name, language):
    """(caption, facts, visible) of two captions of each of 120 people of a domain, without typing errors."""
    found = []
    place = replace(DOMAINS[name], typo_rate=0.0)
    for number in range(1, 121):
        person = make_person(place, 5, "test", number)
        seen = visible_attributes(person, photograph(place, person, 5, "test", 0))
        seen = with_grue(seen) if language == "vi" else seen
        for text, facts, *_ in caption_pair(seen, random.Random(number), place, language):
            found.append((text, facts, seen))
    return found


def plain(text, direction, facts=()):
    """The translation when nothing goes wrong."""
    return translate(text, facts, direction, random.Random(0), errors={})


@pytest.mark.parametrize("name", ["street", "pretrain"])
def test_every_english_phrase_is_in_the_table(name):
    for text, _, _ in captions(name, "en"):
        errors = plain(text, EN_VI).errors
        assert not errors, (text, [text[slice(*e.source)] for e in errors])


@pytest.mark.parametrize("name", ["plaza", "street", "pretrain"])
def test_every_vietnamese_phrase_is_in_the_table_and_takes_its_facts_along(name):
    for text, facts, _ in captions(name, "vi"):
        done = plain(text, VI_EN, facts)
        assert not done.errors, (text, [text[slice(*e.source)] for e in done.errors])
        assert done.facts == facts
        carried = {fact for phrase in done.phrases for fact in phrase.facts}
        assert {fact for fact in facts if fact[0] not in ("view", "pace")} == carried, text


def strings(table):
    """Every string of a nested table that names something, keys of weights included."""
    if isinstance(table, str):
        yield table
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from [key] if isinstance(value, int | float) else strings(value)
    else:
        for value in table:
            yield from strings(value)


def test_no_word_of_either_grammar_is_missing():
    """Also the rare ones, which a sample of captions may lack."""
    idle = [text.format(he=he, his=his) for text in clauses_en.FILLER for he, his in (("he", "his"), ("she", "her"))]
    english = (words.COLOURS, words.TONES, words.UPPERS, words.LOWERS, words.SHOES, words.BAGS, words.PEOPLE, PATTERNS,
               SLEEVES, clauses_en.SMALL, clauses_en.HELD, clauses_en.PACES, clauses_en.VIEWS, idle)  # fmt: skip
    vietnamese = (words_vi.COLOURS, words_vi.TONES, words_vi.UPPERS, words_vi.LOWERS, words_vi.SHOES, words_vi.BAGS,
                  words_vi.HATS, words_vi.GLASSES, words_vi.SLEEVES, words_vi.PATTERNS, words_vi.PRINTS, words_vi.HELD,
                  words_vi.LENGTHS, words_vi.HAIR, words_vi.PEOPLE, clauses_vi.PACES, clauses_vi.VIEWS,
                  clauses_vi.BUILDS, clauses_vi.FILLER)  # fmt: skip
    for direction, tables in ((EN_VI, english), (VI_EN, vietnamese)):
        found = list(strings(tables))
        assert len(found) > 150
        assert [text for text in found if plain(text, direction).errors] == []


def test_no_word_of_the_long_tail_is_missing():
    for direction in (EN_VI, VI_EN):
        words = [word for values in long_tail(direction[0]).values() for tail in values.values() for word in tail]
        assert len(words) > 400
        spoken = [w.replace("<he>", "he").replace("<his>", "his").replace("<him>", "him") for w in words]
        assert [text for text in spoken if plain(text, direction).errors] == []
    colours = [name for tail in long_tail("en")["colours"].values() for name in tail]
    assert not any(plain(spelling, EN_VI).errors for name in colours for spelling in spellings(name))


@pytest.mark.parametrize(("name", "language"), [("street", "en"), ("pretrain", "en"), ("plaza", "vi")])
def test_captions_full_of_rare_words_lose_nothing_in_translation(name, language):
    place = replace(DOMAINS[name], typo_rate=0.0, rare_words=0.6)
    for number in range(1, 90):
        person = make_person(place, 7, "test", number)
        seen = visible_attributes(person, photograph(place, person, 7, "test", 0))
        seen = with_grue(seen) if language == "vi" else seen
        for text, facts, *_ in caption_pair(seen, random.Random(number), place, language):
            done = plain(text, (language, "vi" if language == "en" else "en"), facts)
            assert not done.errors, (text, [text[slice(*e.source)] for e in done.errors])
            assert done.facts == facts
            if language == "vi":
                carried = {fact for phrase in done.phrases for fact in phrase.facts}
                assert {fact for fact in facts if fact[0] not in ("view", "pace")} == carried, text


def test_a_colour_that_is_said_of_a_noun_belongs_to_it():
    facts = [("shoes", "boots"), ("shoes_colour", "tan"), ("hair_colour", "brown"), ("hair_length", "long")]
    text = "His boots are tan. His hair is long and brown."
    done = plain(text, EN_VI, facts)
    assert done.text == "Giày bốt màu nâu nhạt. Tóc dài và màu nâu."
    assert done.facts == facts
    wrong = translate(text, facts, EN_VI, random.Random(0), errors={"ambiguity": 1.0})
    assert ("shoes_colour", "tan") not in wrong.facts
    assert ("shoes_colour", "brown") in wrong.facts
    assert any(error.region == "SHOES" for error in wrong.errors)


def test_sides_are_translated():
    facts = [("held", "phone"), ("held_side", "left")]
    done = plain("A man with a phone in his left hand.", EN_VI, facts)
    assert done.text == "Một người đàn ông với một chiếc điện thoại trong tay trái."
    assert [phrase.facts for phrase in done.phrases][-1] == [("held_side", "left")]


def test_sentences_are_put_into_the_order_of_the_target():
    english = "The girl is wearing an orange long sleeved striped blouse and a pair of white boots. She has a tan bag."
    assert plain(english, EN_VI).text == (
        "Cô gái đang mặc một chiếc áo kiểu dài tay kẻ sọc màu cam và một đôi giày bốt màu trắng. "
        "Cô ấy có một chiếc túi màu nâu nhạt."
    )
    english = "A man in a black and white plaid shirt, carrying a backpack on his back."
    assert plain(english, EN_VI).text == (
        "Một người đàn ông trong một chiếc áo sơ mi kẻ ca rô màu đen và trắng, mang theo một chiếc ba lô trên lưng."
    )
    vietnamese = "Cô gái có mái tóc dài màu nâu buộc phía sau, mặc chiếc áo sơ mi cam, đi đôi guốc đỏ. Cô ấy đeo túi."
    assert plain(vietnamese, VI_EN).text == (
        "A girl with brown long hair tied back, wearing an orange shirt, wearing a pair of red clogs. "
        "She is wearing a bag."
    )


def test_unknown_words_pass_through_and_are_logged():
    text = "A man wearing a zebra hat and wering shoes."
    done = plain(text, EN_VI)
    assert "zebra" in done.text
    assert [(e.kind, text[slice(*e.source)], e.region) for e in done.errors] == [
        ("untranslated", "zebra", None),
        ("untranslated", "wering", None),
    ]


@pytest.mark.parametrize(
    ("text", "direction", "kind", "facts", "after"),
    [
        ("a tan hat", EN_VI, "ambiguity", [("hat", "hat"), ("hat_colour", "tan")],
         [("hat", "hat"), ("hat_colour", "brown")]),
        ("a dark blue hat", EN_VI, "vague", [("hat", "hat"), ("hat_colour", "blue"), ("hat_tone", "dark")],
         [("hat", "hat"), ("hat_grue", "yes"), ("hat_tone", "dark")]),
        ("a red satchel", EN_VI, "vague", [("carries", "bag"), ("bag", "messenger bag"), ("bag_colour", "red")],
         [("carries", "bag"), ("bag_colour", "red")]),
        ("a red flannel shirt", EN_VI, "lost modifier",
         [("upper_family", "shirt"), ("upper_colour", "red"), ("upper_pattern", "plaid")], [("upper_family", "shirt")]),
        ("red flip flops", EN_VI, "literal", [("shoes", "flip-flops"), ("shoes_colour", "red")],
         [("shoes_colour", "red")]),
        ("quần bò đen", VI_EN, "literal", [("lower", "jeans"), ("lower_colour", "black")], [("lower_colour", "black")]),
        ("một chiếc váy đen", VI_EN, "order", [("upper", "dress"), ("upper_colour", "black")],
         [("upper", "dress"), ("upper_colour", "black")]),
        ("tất đỏ", VI_EN, "number", [("socks", "socks"), ("socks_colour", "red")],
         [("socks", "socks"), ("socks_colour", "red")]),
    ],
)  # fmt: skip
def test_the_facts_follow_the_words(text, direction, kind, facts, after):
    done = translate(text, facts, direction, random.Random(0), errors={kind: 1.0})
    assert {error.kind for error in done.errors} == {kind}
    assert sorted(done.facts) == sorted(after)
    assert all(error.harmful is (kind not in ("order", "number")) for error in done.errors)


def test_a_guess_is_harmful_where_the_picture_says_otherwise():
    seen, found = {"hat": "cap", "hat_colour": "green", "hat_grue": "yes"}, set()
    for number in range(40):
        facts = [("hat", "cap"), ("hat_grue", "yes")]
        done = translate("mũ lưỡi trai xanh", facts, VI_EN, random.Random(number), seen, {"guess": 1.0})
        (error,) = done.errors
        colour = dict(done.facts)["hat_colour"]
        assert done.text == f"a {colour} cap"
        assert error.harmful is (colour != "green")
        found.add(colour)
    assert found == {"blue", "green"}


def test_the_second_of_two_equal_words_has_its_own_fact():
    """The white that is lost is the hat's: the shirt's stays."""
    facts = [("upper_family", "shirt"), ("upper_colour", "white"), ("hat", "hat"), ("hat_colour", "white")]
    lost = set()
    for number in range(60):
        done = translate(
            "a white shirt, a white hat", facts, EN_VI, random.Random(number), errors={"lost modifier": 0.3}
        )
        assert done.text.count("trắng") == sum(value == "white" for _, value in done.facts)
        lost |= set(facts) - set(done.facts)
    assert lost == {("upper_colour", "white"), ("hat_colour", "white")}


@pytest.mark.parametrize(("name", "direction"), [("street", EN_VI), ("plaza", VI_EN)])
def test_the_log_quotes_both_texts(name, direction):
    for number, (text, facts, seen) in enumerate(captions(name, direction[0])):
        done = translate(text, facts, direction, random.Random(number), seen)
        log = done.log()
        for entry in (*log["errors"], *log["phrases"]):
            source, target = entry["source"], entry["target"]
            assert text[source["start"] : source["end"]] == source["text"]
            if target is None:
                assert entry["kind"] == "lost modifier"
            else:
                assert done.text[target["start"] : target["end"]] == target["text"] != ""
        assert all(done.text[p.start : p.end] for p in done.target_phrases())
        assert "  " not in done.text
        assert done.text[0].isupper() == text[0].isupper()


@pytest.mark.parametrize(("name", "direction"), [("street", EN_VI), ("plaza", VI_EN)])
@pytest.mark.parametrize("kind", ["ambiguity", "vague", "literal", "lost modifier", "order", "number"])
def test_errors_are_as_frequent_as_documented(name, direction, kind):
    """Against the number of places where each kind can happen, which is what a rate of one gives."""
    places = happened = 0
    for number, (text, facts, _) in enumerate(captions(name, direction[0])):
        for rate in (1.0, rates()[kind]):
            errors = translate(text, facts, direction, random.Random(number), errors={kind: rate}).errors
            places, happened = (places + len(errors), happened) if rate == 1 else (places, happened + len(errors))
    expected, spread = places * rates()[kind], (places * rates()[kind]) ** 0.5
    assert places > 100
    assert abs(happened - expected) < 4 * spread


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A Vietnamese dataset and its translation."""
    root = tmp_path_factory.mktemp("translate")
    write_dataset(SPEC, root / "vn3k", lambda *_: None)
    calls = []
    spec = TranslateSpec(source=str(root / "vn3k"), source_language="vi", language="en", root_seed=1)
    translate_dataset(spec, root / "v2e", lambda done, total: calls.append((done, total)))
    return root, spec, calls


def load(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_a_translated_dataset_reads_like_its_source(folders):
    root, _, calls = folders
    ours, theirs = (read_pedes(root / name, SPLITS) for name in ("v2e", "vn3k"))
    assert [(r.image, r.person, r.split, len(r.captions)) for r in ours] == [
        (r.image, r.person, r.split, len(r.captions)) for r in theirs
    ]
    assert calls[-1] == (len(ours), len(ours))
    assert all(one.captions != other.captions for one, other in zip(ours, theirs, strict=True))
    for record in ours:
        for part in (f"imgs/{record.image}", f"labels/{record.image}.png"):
            assert (root / "v2e" / part).samefile(root / "vn3k" / part), "no copy of the pixels"
    truth, log = load(root / "v2e", "truth.json"), load(root / "v2e", "translation.json")
    assert truth.keys() == log.keys() == load(root / "vn3k", "truth.json").keys()
    for record in ours:
        for text, phrases, facts in zip(
            record.captions, truth[record.image]["phrases"], truth[record.image]["facts"], strict=True
        ):
            assert all(text[p["start"] : p["end"]] == p["text"] for p in phrases)
            assert {tuple(f) for p in phrases for f in p["facts"]} <= {tuple(f) for f in facts}


def test_same_seed_same_bytes(folders, tmp_path):
    root, spec, _ = folders
    names = ("reid_raw.json", "truth.json", "translation.json")
    translate_dataset(spec, tmp_path / "again", lambda *_: None)
    assert all((tmp_path / "again" / n).read_bytes() == (root / "v2e" / n).read_bytes() for n in names)
    translate_dataset(spec.model_copy(update={"root_seed": 2}), tmp_path / "other", lambda *_: None)
    assert (tmp_path / "other" / names[0]).read_bytes() != (root / "v2e" / names[0]).read_bytes()


def test_mismatches_count_phrases_and_pairs():
    """Two wrong phrases in one caption are one wrong pair; who it is, and harmless errors, count for nothing."""
    phrase = {"source": {}, "target": {}, "region": "HEAD", "wrong": False}
    bad = {**phrase, "wrong": True}
    log = {
        "a": [{"phrases": [bad, bad, phrase], "errors": [{"kind": "vague"}, {"kind": "literal"}]},
              {"phrases": [phrase], "errors": [{"kind": "order"}]}],
        "b": [{"phrases": [{**bad, "region": None}, phrase], "errors": [{"kind": "vague"}]}],
    }  # fmt: skip
    assert count_errors(log) == {"captions": 3, "wrong_captions": 1, "phrases": 5, "wrong_phrases": 2,
                             "errors": {"literal": 1, "order": 1, "vague": 2}}  # fmt: skip


def test_the_date_of_the_source_folder_is_not_shared(folders, tmp_path):
    _, spec, _ = folders
    stamp = Path(spec.source) / "imgs" / ".snakemake_timestamp"
    stamp.touch()
    translate_dataset(spec, tmp_path / "dated", lambda *_: None)
    stamp.unlink()
    assert not (tmp_path / "dated" / "imgs" / stamp.name).exists()


def test_what_cannot_be_translated_is_a_user_error(folders, tmp_path):
    _, spec, _ = folders
    with pytest.raises(UserError, match=r"translate\.to: no phrase table from 'vi' to 'fr'"):
        translate_dataset(spec.model_copy(update={"language": "fr"}), tmp_path / "out", lambda *_: None)
    with pytest.raises(UserError, match=r"no reid_raw\.json; only a synthetic dataset"):
        translate_dataset(spec.model_copy(update={"source": str(tmp_path)}), tmp_path / "out", lambda *_: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("reid_raw.json", "[3]"), ("reid_raw.json", '{"a": 1}'), ("reid_raw.json", '[{"file_path": ["a"]}]'),
        ("reid_raw.json", '[{"file_path": "a", "captions": 7}]'), ("truth.json", "[]"), ("truth.json", '{"a": 3}'),
        ("truth.json", '{"a": {"visible": {}, "facts": [[["hat"]]]}}'),
        ("truth.json", '{"a": {"visible": 1, "facts": [[]]}}'),
    ],
)  # fmt: skip
def test_files_of_another_kind_cannot_be_translated(tmp_path, file, content):
    rows, truth = '[{"file_path": "a", "captions": ["A man."]}]', '{"a": {"visible": {}, "facts": [[]]}}'
    for name, text in {"reid_raw.json": rows, "truth.json": truth, file: content}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("imgs", "labels"):
        (tmp_path / name).mkdir()
    spec = TranslateSpec(source=str(tmp_path), source_language="en", language="vi", root_seed=1)
    with pytest.raises(UserError, match=r"truth\.json do not belong together; synthesize"):
        translate_dataset(spec, tmp_path / "out", lambda *_: None)
    assert not (tmp_path / "out").exists()


def test_every_wrong_rendering_differs_from_the_right_one():
    for direction in (EN_VI, VI_EN):
        for phrase, entry in PhraseTable(*direction).entries.items():
            for wrong in entry.wrong:
                assert wrong.kind in rates()
                assert wrong.kind == "guess" or wrong.target not in entry.targets, phrase

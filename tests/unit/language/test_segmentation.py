"""Vietnamese words: what pyvi cuts, where each word stands, and what a segmenter must not do."""

import os
import subprocess
import sys
import types
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest

from glalign.language import segmentation
from glalign.language.segmentation import join_syllables, load_segmenter, segment, standard_tones, to_nfc
from glalign.language.tokenizers import normalise_caption
from glalign.support.errors import UserError

CAPTION = "Cô gái mặc áo khoác đen, quần bò rách gối."
ODD = [
    "",
    " ",
    "_",
    "a_b",
    "áo  khoác\nđen",
    "👟 ___ áo",
    "áo\u0323\u0323 đỏ",
    "\u0301",
    "\u1100\u1161 mũ",
    "1.200,5đ..",
    "AO DEN",
]


def words(text: str, segmenter: str = "pyvi") -> list[str]:
    return [word.text for word in segment(text, segmenter)]


def test_words_and_their_places():
    assert words(CAPTION) == ["Cô", "gái", "mặc", "áo_khoác", "đen", ",", "quần_bò", "rách", "gối", "."]
    for word in segment(CAPTION):
        assert CAPTION[word.start : word.end].replace(" ", "_") == word.text


def test_letters_that_are_not_composed_are_the_same_words_at_their_own_places():
    loose = unicodedata.normalize("NFD", CAPTION)
    assert words(loose) == words(CAPTION)
    for word in segment(loose):
        assert unicodedata.normalize("NFC", loose[word.start : word.end]).replace(" ", "_") == word.text
    assert normalise_caption(loose) == CAPTION, "captions of a dataset are NFC already"


@pytest.mark.parametrize("text", ODD)
def test_odd_text_loses_no_letter(text):
    for form in ("NFC", "NFD"):
        given = unicodedata.normalize(form, text)
        assert to_nfc(given)[0] == unicodedata.normalize("NFC", text)
        found = segment(given)
        kept = "".join("".join(given[w.start : w.end].split()) for w in found)
        assert kept.replace("_", "") == "".join(given.split()).replace("_", "")
        assert all(a.end <= b.start for a, b in pairwise(found))


def test_the_temporary_folder_is_empty_after_a_process_that_used_pyvi(tmp_path):
    code = "from glalign.language.segmentation import segment; from glalign.language.pyvi_models import pyvi_module; "
    code += "print(segment('Áo khoác đen')[0].text, pyvi_module('ViPosTagger').postagging_tokens(['áo'])[1])"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)},
                          capture_output=True, encoding="utf-8", check=True)  # fmt: skip
    assert done.stdout == "Áo_khoác ['N']\n"
    assert list(tmp_path.iterdir()) == []


def test_pairs_that_pyvi_joins_or_leaves_apart_wrongly():
    assert words("tay cầm điện thoại") == ["tay", "cầm", "điện_thoại"]
    assert words("chữ ở mặt trước") == ["chữ", "ở", "mặt_trước"]


def test_joined_text_keeps_its_length():
    text = "mặc áo khoác, đeo ba lô"
    whole = join_syllables(text, ((word.start, word.end) for word in segment(text)))
    assert whole == "mặc áo_khoác, đeo ba_lô"


def test_a_caption_is_cut_once(monkeypatch):
    seen = []
    monkeypatch.setattr(segmentation, "load_segmenter", lambda _: lambda text: seen.append(text) or text.split())
    first, second = segment("một câu chưa ai đọc"), segment("một câu chưa ai đọc")
    assert first == second
    assert seen == ["một câu chưa ai đọc"]


def test_underthesea_is_an_option(monkeypatch):
    load_segmenter.cache_clear()
    monkeypatch.setitem(sys.modules, "underthesea", None)
    with pytest.raises(UserError, match="underthesea is not installed; pip install underthesea"):
        segment("áo", "underthesea")
    fake = types.ModuleType("underthesea")
    fake.word_tokenize = lambda text, use_token_normalize: ["áo khoác", "đen"] if "khoác" in text else ["ao"]
    monkeypatch.setitem(sys.modules, "underthesea", fake)
    load_segmenter.cache_clear()
    assert words("áo  khoác đen", "underthesea") == ["áo_khoác", "đen"]
    with pytest.raises(UserError, match="its words are not those of 'mũ đỏ'"):
        segment("mũ đỏ", "underthesea")
    load_segmenter.cache_clear()
    with pytest.raises(UserError, match="segmenter: 'jieba'; choose pyvi, underthesea or vncorenlp"):
        segment("áo", "jieba")


@pytest.fixture
def vncorenlp(monkeypatch, tmp_path):
    """A py_vncorenlp that changes the working directory as the real one does, and a folder for its model."""
    module = types.ModuleType("py_vncorenlp")

    class VnCoreNLP:
        def __init__(self, annotators, save_dir):
            assert annotators == ["wseg"]
            os.chdir(save_dir)

        def word_segment(self, text):
            return [sentence.strip().replace("áo khoác", "áo_khoác") for sentence in text.split(";")]

    module.VnCoreNLP = VnCoreNLP
    monkeypatch.setitem(sys.modules, "py_vncorenlp", module)
    monkeypatch.setenv("VNCORENLP_HOME", str(tmp_path))
    load_segmenter.cache_clear()
    yield tmp_path
    load_segmenter.cache_clear()


def test_vncorenlp_is_an_option(vncorenlp):
    (vncorenlp / "models").mkdir()
    (vncorenlp / "VnCoreNLP-1.2.jar").touch()
    here = Path.cwd()
    assert words("áo khoác đen", "vncorenlp") == ["áo_khoác", "đen"]
    assert Path.cwd() == here


def test_vncorenlp_without_its_parts_names_the_remedy(vncorenlp, monkeypatch):
    with pytest.raises(UserError, match=r"no model of VnCoreNLP; .*download_model.*set VNCORENLP_HOME"):
        segment("áo", "vncorenlp")
    (vncorenlp / "models").mkdir()
    (vncorenlp / "VnCoreNLP-1.2.jar").touch()
    monkeypatch.setattr(sys.modules["py_vncorenlp"], "VnCoreNLP", lambda **_: 1 / 0)
    with pytest.raises(UserError, match="division by zero; install Java 8"):
        segment("áo", "vncorenlp")
    monkeypatch.setitem(sys.modules, "py_vncorenlp", None)
    with pytest.raises(UserError, match="py_vncorenlp is not installed; pip install py_vncorenlp"):
        segment("áo", "vncorenlp")


def test_tone_marks_stand_on_the_second_vowel():
    given = "hòa xõa họa hóa hỏa hòe khóe xòe thúy lũy hủy thụy ủy úy"
    moved = "hoà xoã hoạ hoá hoả hoè khoé xoè thuý luỹ huỷ thuỵ uỷ uý"
    for change in (str, str.upper, str.title):
        assert standard_tones(change(given)) == change(moved)
        assert standard_tones(change(moved)) == change(moved)
    assert standard_tones("quần áo tím, mùa, của, tòa") == "quần áo tím, mùa, của, toà"

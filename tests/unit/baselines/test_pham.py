"""The two Vietnamese methods: the networks of ViTAA and Dual-path on segmented words."""

from pathlib import Path

import pytest
import torch

from baselines.dual_path import DualPath
from baselines.pham2021 import Pham2021
from baselines.pham2022 import Pham2022
from baselines.vitaa import ViTAA
from glalign.config.loading import overlaid
from glalign.contract.tokenizer import split_words
from glalign.contract.training_info import TrainingInfo
from glalign.data.caption_tensors import TokenTable
from glalign.planning.draft import make_cell
from glalign.planning.plan import STAGES
from glalign.planning.stage import Paths
from glalign.storage.weight_files import UNFILLED
from glalign.support.class_source import class_outline
from glalign.support.errors import UserError

CAPTION = "Một người_đàn_ông mặc áo_sơ_mi trắng, quần dài màu đen."
WORDS = ["Một", "người_đàn_ông", "mặc", "áo_sơ_mi", "trắng", "quần", "dài", "màu", "đen"]
INFO = TrainingInfo(identities=4, steps=1, words=tuple((word, 5) for word in WORDS))
SMALL = {
    Pham2021: {"backbone": "tiny/resnet", "global_width": 8, "part_width": 4, "feature": 8, "hidden": 4},
    Pham2022: {"backbone": "tiny/resnet", "embedding": 8, "width": 1 / 64, "feature": 8},
}
PARENTS = {Pham2021: ViTAA, Pham2022: DualPath}
CONFIG = overlaid(root=Path(__file__).parents[3])
PATHS = Paths(CONFIG.results, STAGES)


def test_a_segmented_word_is_one_word():
    assert [word for word, _ in split_words(CAPTION)] == WORDS


@pytest.mark.parametrize("kind", SMALL)
def test_segmented_words_are_rows_of_the_vocabulary(kind):
    tokenizer = kind.build(SMALL[kind], (32, 16), INFO, UNFILLED).tokenizer
    ids, spans = tokenizer.encode(CAPTION)
    assert len(set(ids)) == len(WORDS)
    assert [CAPTION[start:end] for start, end in spans] == WORDS
    assert {word.lower() for word in tokenizer.words} == {word.lower() for word in WORDS}


def test_phrases_of_segmented_words_select_whole_words():
    start = CAPTION.index("áo_sơ_mi")
    phrase = {"text": "áo_sơ_mi trắng", "start": start, "end": start + len("áo_sơ_mi trắng"), "region": "UPPERBODY"}
    tokenizer = Pham2021.build(SMALL[Pham2021], (32, 16), INFO, UNFILLED).tokenizer
    table = TokenTable([CAPTION], tokenizer, [[phrase]])
    assert table.phrases[0, 1].nonzero().flatten().tolist() == [3, 4]


@pytest.mark.parametrize("kind", SMALL)
def test_a_segmenter_cuts_the_captions_that_the_dictionary_is_counted_on_and_those_that_are_read(kind):
    text = CAPTION.replace("_", " ")
    model = {**SMALL[kind], "segmenter": "pyvi", "min_count": 1}
    split = kind.word_split(model)
    words = [word for word, _ in split(text)]
    assert words == ["Một", "người", "đàn_ông", "mặc", "áo", "sơ_mi", "trắng", "quần", "dài", "màu", "đen"]
    info = TrainingInfo(identities=4, steps=1, words=tuple((word, 1) for word in words))
    tokenizer = kind.build(model, (32, 16), info, UNFILLED).tokenizer
    ids, spans = tokenizer.encode(text)
    assert len(set(ids)) == len(words)
    assert getattr(tokenizer, "unknown_id", None) not in ids
    assert text[slice(*spans[5])] == "sơ mi"
    assert [word for word, _ in kind.word_split(SMALL[kind])(text)] == text.replace(",", "").rstrip(".").split()
    with pytest.raises(UserError, match=r"model\.segmenter: 'jieba'; choose pyvi, underthesea, vncorenlp or null"):
        kind.build({**model, "segmenter": "jieba"}, (32, 16), info, UNFILLED)


@pytest.mark.parametrize("kind", SMALL)
def test_the_network_is_the_parents(kind):
    systems = []
    for made in (kind, PARENTS[kind]):
        torch.manual_seed(0)
        systems.append(made.build(SMALL[kind], (32, 16), INFO, UNFILLED))
    mine, theirs = (system.state_dict() for system in systems)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert isinstance(systems[0], kind)


@pytest.mark.parametrize("kind", SMALL)
def test_options_and_needs_are_read_without_importing(kind):
    path = f"{kind.__module__}.{kind.__name__}"
    parent = class_outline(f"{PARENTS[kind].__module__}.{PARENTS[kind].__name__}")
    outline = class_outline(path)
    assert outline.options == parent.options
    assert outline.needs == parent.needs == kind.needs
    assert "reimplementation from secondary description" in outline.docstring


def test_where_they_run():
    entries = CONFIG.systems
    assert entries["pham2021"].languages == ("vi",)
    assert entries["pham2021"].model == entries["vitaa"].model
    assert entries["pham2022"].languages == ("en", "vi")
    assert [CONFIG.entry("pham2022", code).model.get("segmenter") for code in ("en", "vi")] == [None, "pyvi"]
    assert CONFIG.entry("pham2021", "vi").model["segmenter"] == "pyvi"
    assert make_cell(CONFIG, PATHS, "SE1", "pham2022").status == "run"
    cell = make_cell(CONFIG, PATHS, "SE1", "pham2021")
    assert cell.status == "not run"
    assert "vi" in cell.note

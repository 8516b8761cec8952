"""PhoBERT: its two files and their tokenizer against transformers', the learner of a tiny vocabulary, the tower."""

import random
import unicodedata
from collections import Counter

import pytest
import torch

from glalign.language.phobert_tokenizer import PhoBertFileTokenizer
from glalign.language.segmentation import segment
from glalign.models.towers.phobert import SHAPES, PhoBert, PhoBertShape, phobert
from glalign.models.towers.projected_text import ProjectedText
from glalign.pretraining.byte_pair_merges import merge
from glalign.pretraining.phobert_vocabulary import make_phobert_vocabulary
from glalign.storage.weight_files import Weights, fill, load_weights, save_weights
from glalign.support.errors import UserError

CAPTIONS = [
    "Cô gái mặc áo khoác đen, quần bò và đi giày thể thao trắng",
    "Người đàn ông đội mũ lưỡi trai, mặc áo sơ mi kẻ sọc, quần tây đen",
    "Cậu bé mặc áo mưa vàng, đi ủng, đeo cặp sách màu xanh",
    "Cô gái tóc dài mặc váy hoa, đeo túi xách nâu, đi giày cao gót đen",
]
OTHERS = ["Chàng trai đeo ba lô Adidas to đùng 👟", "áokhoac đenn", "", "A", "Ƣ"]
SHAPE = PhoBertShape(width=24, layers=2, heads=3, hidden=40)
LENGTHS = torch.tensor([9, 2, 5, 7])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    vocabulary, codes = make_phobert_vocabulary(CAPTIONS, 400)
    (folder / "tiny_phobert.vocab.txt").write_text(vocabulary, encoding="utf-8")
    (folder / "tiny_phobert.bpe.codes").write_text(codes, encoding="utf-8")
    return Weights(folder).phobert_vocabulary("tiny_phobert")


@pytest.fixture(scope="module")
def tokenizer(files):
    return PhoBertFileTokenizer(*files)


def theirs(files):
    from transformers import PhobertTokenizer  # noqa: PLC0415

    return PhobertTokenizer(*map(str, files))


def test_ids_are_those_of_transformers(files, tokenizer):
    reference = theirs(files)
    for text in [*CAPTIONS, *OTHERS]:
        assert tokenizer.encode(text)[0] == reference(" ".join(word.text for word in segment(text)))["input_ids"]
    marks = (tokenizer.sot_id, tokenizer.pad_id, tokenizer.eot_id, tokenizer.unknown_id, tokenizer.mask_id)
    assert marks == (0, 1, 2, 3, tokenizer.vocab_size - 1)
    assert marks == tuple(reference.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>", "<mask>"]))
    first = files[0].read_text(encoding="utf-8").split(" ")[0]
    assert reference.convert_tokens_to_ids(first) == 4


@pytest.mark.parametrize("text", [*CAPTIONS, *OTHERS])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_spans_are_the_pieces_in_the_text(files, tokenizer, text, form):
    given = unicodedata.normalize(form, text)
    ids, spans = tokenizer.encode(given)
    assert ids == tokenizer.encode(text)[0]
    assert spans[0] == spans[-1] == (0, 0)
    for piece, (start, end) in list(zip(theirs(files).convert_ids_to_tokens(ids), spans, strict=True))[1:-1]:
        found = unicodedata.normalize("NFC", given[start:end]).replace(" ", "_")
        assert piece in ("<unk>", found, f"{found}@@")


@pytest.mark.parametrize("change", [str, str.capitalize, str.upper])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_both_places_of_a_tone_mark_give_the_same_ids(tokenizer, change, form):
    old, new = (change(unicodedata.normalize("NFC", text)) for text in ("họa tiết xòe, xõa", "hoạ tiết xoè, xoã"))
    ids, spans = tokenizer.encode(unicodedata.normalize(form, old))
    assert ids == tokenizer.encode(new)[0]
    if form == "NFC":
        assert spans == tokenizer.encode(new)[1]
    given = unicodedata.normalize(form, old)
    assert unicodedata.normalize("NFC", "".join(given[a:b] for a, b in spans)).replace(" ", "") == old.replace(" ", "")


def test_the_vocabulary_has_one_spelling_of_tone_marks():
    old, new = (
        make_phobert_vocabulary(["áo họa tiết xòe"] * 3, 400),
        make_phobert_vocabulary(["áo hoạ tiết xoè"] * 3, 400),
    )
    assert old == new


def test_a_word_with_two_blanks_is_the_span_of_all_its_pieces(tokenizer):
    assert set(tokenizer.encode("  áo   khoác ")[1]) == {(0, 0), (2, 12)}


def test_case_is_kept_and_long_texts_are_cut(files, tokenizer):
    assert tokenizer.encode("Cô")[0] != tokenizer.encode("cô")[0]
    assert PhoBertFileTokenizer(*files, lower_case=True).encode("Cô")[0] == tokenizer.encode("cô")[0]
    ids, spans = tokenizer.encode("áo " * 300)
    assert (len(ids), len(spans), ids[0], ids[-1]) == (256, 256, 0, 2)
    assert len(PhoBertFileTokenizer(*files, 10).encode(CAPTIONS[0])[0]) == 10
    with pytest.raises(UserError, match="257; PhoBERT reads 3 to 256"):
        PhoBertFileTokenizer(*files, 257)


def test_files_that_are_missing_or_of_another_model_are_named(files, tmp_path):
    with pytest.raises(UserError, match=r"absent\.vocab\.txt: no such vocabulary.*snakemake pretrain"):
        Weights(tmp_path).phobert_vocabulary("absent")
    (tmp_path / "bad").write_text("nothing", encoding="utf-8")
    for pair in ((tmp_path / "bad", files[1]), (files[0], tmp_path / "bad")):
        with pytest.raises(UserError, match="no vocabulary of PhoBERT"):
            PhoBertFileTokenizer(*pair)


def test_a_vocabulary_does_not_depend_on_the_order_of_captions():
    shuffled = random.Random(3).sample(CAPTIONS, len(CAPTIONS))
    assert make_phobert_vocabulary(shuffled, 400) == make_phobert_vocabulary(CAPTIONS, 400)


def test_merges_are_the_most_frequent_pairs_and_ties_go_to_the_first():
    words = {"mũ": ["m", "ũ</w>"], "bab": ["b", "a", "b</w>"], "baba": ["b", "a", "b", "a</w>"], "x": ["x</w>"]}
    codes = merge(words, Counter(mũ=3, bab=2, baba=2, x=9), 10)
    assert codes == [("b", "a", 4), ("m", "ũ</w>", 3), ("b", "a</w>", 2), ("ba", "b</w>", 2), ("ba", "ba</w>", 2)]
    assert words == {"mũ": ["mũ</w>"], "bab": ["bab</w>"], "baba": ["baba</w>"], "x": ["x</w>"]}
    again = {"aaaaa": ["a", "a", "a", "a", "a</w>"]}
    assert merge(again, Counter(aaaaa=2), 1) == [("a", "a", 6)]
    assert again == {"aaaaa": ["aa", "aa", "a</w>"]}


def test_pieces_are_counted_and_ranked():
    vocabulary, _ = make_phobert_vocabulary(["đen, đỏ", "đen, đen"], 10_000)
    counts = dict(line.rsplit(" ", 1) for line in vocabulary.splitlines())
    assert [counts[piece] for piece in ("đen", ",", "đ@@", "ỏ", "z", "z@@")] == ["3", "2", "1", "1", "0", "0"]
    assert list(counts)[:2] == ["đen", ","]
    assert list(map(int, counts.values())) == sorted(map(int, counts.values()), reverse=True)


def test_size_is_kept_or_refused(tmp_path):
    letters = 2 * len(
        {*map(chr, [*range(48, 58), *range(65, 91), *range(97, 123)]), *"".join(CAPTIONS)} - {" "} | {"_"}
    )
    for size in (letters + 5, letters + 25):
        vocabulary, codes = make_phobert_vocabulary(CAPTIONS, size)
        assert len(vocabulary.splitlines()) == size - 5
        assert len(codes.splitlines()) == size - 5 - letters
    with pytest.raises(UserError, match=f"letters alone need {letters + 5}"):
        make_phobert_vocabulary(CAPTIONS, letters + 4)


def tower(shape: PhoBertShape = SHAPE, size: int = 50) -> PhoBert:
    torch.manual_seed(0)
    model = PhoBert(shape, size, dropout=0.0)
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.2)
    return model.eval()


def ids_of(size: int = 9, behind: int = 1) -> torch.Tensor:
    ids = torch.randint(4, 50, (len(LENGTHS), 9), generator=torch.Generator().manual_seed(3))
    ids = torch.nn.functional.pad(ids, (0, size - 9), value=1)
    return torch.where(torch.arange(size) < LENGTHS[:, None], ids, behind)


def test_neither_padding_nor_company_changes_a_caption():
    model = tower()
    with torch.no_grad():
        whole, wide, noisy = model(ids_of(), LENGTHS), model(ids_of(20), LENGTHS), model(ids_of(20, 7), LENGTHS)
        torch.testing.assert_close(wide[:, :9], whole, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(noisy, wide, atol=1e-6, rtol=1e-6)
        assert not wide[:, 9:].any()
        for row, length in enumerate(LENGTHS.tolist()):
            alone = model(ids_of()[row : row + 1, :length], LENGTHS[row : row + 1])
            torch.testing.assert_close(whole[row, :length], alone[0], atol=1e-5, rtol=1e-5)
            assert not whole[row, length:].any()


def test_projected_tokens_are_those_of_a_whole_pass(tokenizer):
    model = ProjectedText(tower(), 16, tokenizer).eval()
    with torch.no_grad():
        found = model.text_tokens(ids_of(12))
        expected = model.projection(model.encoder(ids_of(12), LENGTHS))
    assert torch.equal(model.lengths(ids_of(12)), LENGTHS)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_released_files_and_our_own_are_read(tmp_path):
    from transformers import RobertaForMaskedLM  # noqa: PLC0415

    model = tower()
    torch.manual_seed(5)
    whole = RobertaForMaskedLM(model.roberta.config).eval()
    released = {name: value for name, value in whole.state_dict().items() if "decoder" not in name}
    assert any(name.startswith("lm_head.") for name in released)
    released |= {
        "roberta.pooler.dense.weight": torch.ones(24, 24),
        "roberta.embeddings.position_ids": torch.arange(258),
    }
    save_weights(tmp_path / "released.safetensors", released)
    load_weights(model, tmp_path, "released")
    ids = ids_of()
    mask = torch.arange(9) < LENGTHS[:, None]
    with torch.no_grad():
        expected = whole.roberta(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        torch.testing.assert_close(model(ids, LENGTHS)[mask], expected[mask], atol=1e-5, rtol=1e-5)
    save_weights(tmp_path / "ours.safetensors", model.state_dict())
    again = tower()
    load_weights(again, tmp_path, "ours")
    bare = tower()
    fill(bare, bare.adapt({name.removeprefix("roberta."): value for name, value in released.items()}, {}), "here")
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
        assert torch.equal(value, bare.state_dict()[name])
    del released["roberta.encoder.layer.1.output.dense.bias"]
    save_weights(tmp_path / "torn.safetensors", released)
    with pytest.raises(UserError, match=r"roberta\.encoder\.layer\.1\.output\.dense\.bias"):
        load_weights(model, tmp_path, "torn")


def test_sizes():
    with torch.device("meta"):
        base = phobert("phobert-base", 64_001)
    width, hidden, layers = 768, 3072, 12
    embeddings = (64_001 + 258 + 1) * width + 2 * width
    layer = 4 * (width * width + width) + 2 * width * hidden + hidden + width + 2 * 2 * width
    assert sum(p.numel() for p in base.parameters()) == embeddings + layers * layer == 134_407_680
    assert (base.roberta.config.num_attention_heads, base.roberta.config.hidden_dropout_prob) == (12, 0.1)
    assert SHAPES["tiny/phobert"] == PhoBertShape(width=64, layers=2, heads=2, hidden=192, positions=258)
    with pytest.raises(UserError, match="unknown PhoBERT 'phobert-large'"):
        phobert("phobert-large", 64_001)

"""Multiply-adds against counts by hand, stand-in vocabularies, dictionaries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from glalign.config.loading import overlaid
from glalign.config.training import Data, Optim
from glalign.config.typed_json import read_typed
from glalign.contract.results import MultiplyAdds, SizeRecord, Stored
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.specs.training import BuildSpec
from glalign.contract.training_info import TrainingInfo
from glalign.cost.size import CAPTION_WORDS, GALLERY, count_multiply_adds, dictionary, measure, write_stand_in
from glalign.language.tokenizers import FileTokenizer, WordTokenizer
from glalign.models.glalign import GLAlign
from glalign.storage.weight_files import Weights

ROOT = Path(__file__).parents[3]


class Linear(Retriever):
    """One matrix per side, with a second stage."""

    needs: ClassVar[frozenset[str]] = frozenset({"words"})
    embed_dim = 8
    rerank_top = 5

    def __init__(self, words: int) -> None:
        super().__init__()
        self.tokenizer = WordTokenizer((str(n) for n in range(words)), 40, unknown=True)
        self.image, self.text = nn.Linear(3 * 4 * 2, 8, bias=False), nn.Linear(1, 8, bias=False)
        self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        return cls(len(info.words))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"all": (self.encode_texts(batch)["global"] * self.encode_images(batch)["global"]).mean()}

    def encode_images(self, batch: Batch) -> Features:
        return {"global": self.image(batch.pixels.flatten(1))}

    def encode_texts(self, batch: Batch) -> Features:
        return {"global": self.text(batch.lengths[:, None].float())}

    def rerank(self, texts: Features, images: Features, pairs: Tensor) -> Tensor:
        return self.image(images["global"][pairs[:, 1]].repeat(1, 3)).sum(1)


def test_a_record_counts_what_a_hand_would(tmp_path: Path) -> None:
    spec = BuildSpec(
        system="linear",
        class_path=f"{__name__}.Linear",
        model={},
        data=Data(image_size=(4, 2), batch_size=2),
        optim=Optim(name="adam", lr=0.1),
        identities=7,
        words=30,
        vocabularies={},
    )
    measure(spec, tmp_path / "linear.json")
    torch.use_deterministic_algorithms(False)
    record = read_typed(tmp_path / "linear.json", SizeRecord)
    assert record.parameters == 24 * 8 + 8 + 3
    assert record.trained == 24 * 8 + 8
    assert record.multiply_adds == MultiplyAdds(image=24 * 8, caption=8, query=8 * GALLERY + 5 * 24 * 8)
    assert record.stored == Stored(image=8, caption=8)


def test_an_lstm_is_counted_as_its_matrix_products() -> None:
    lstm = nn.LSTM(6, 5, batch_first=True)
    with torch.inference_mode():
        _, adds = count_multiply_adds(lambda: lstm(torch.zeros(2, 7, 6)))
    assert adds == 2 * 7 * 4 * 5 * (6 + 5)


def test_attention_and_convolutions_are_count_multiply_adds() -> None:
    query = torch.zeros(1, 2, 3, 4)
    _, adds = count_multiply_adds(lambda: nn.functional.scaled_dot_product_attention(query, query, query))
    assert adds == 2 * (3 * 3 * 4) * 2  # two heads, two products
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    with torch.inference_mode():
        _, adds = count_multiply_adds(lambda: layer(torch.zeros(1, 3, 8)))
    assert adds == 3 * 8 * 24 + 2 * (2 * 3 * 3 * 4) + 3 * 8 * 8 + 2 * 3 * 8 * 16
    _, adds = count_multiply_adds(lambda: nn.functional.conv2d(torch.zeros(1, 2, 5, 5), torch.zeros(3, 2, 3, 3)))
    assert adds == 3 * 3 * 3 * (2 * 3 * 3)


def test_a_stand_in_has_the_size_and_the_marks_of_the_real_vocabulary(tmp_path: Path) -> None:
    write_stand_in(tmp_path, "v", "bert", 1000)
    tokenizer = FileTokenizer(tmp_path / "v.tokenizer.json", 40)
    assert tokenizer.vocab_size == 1000
    ids, _ = tokenizer.encode(" ".join(["man", "red"] * (CAPTION_WORDS // 2)))
    assert len(ids) == CAPTION_WORDS + 2
    assert tokenizer.pad_id not in ids


def test_glalign_for_vietnamese_can_be_built_at_its_original_size(tmp_path: Path) -> None:
    write_stand_in(tmp_path, "phobert-base", "phobert", 64_001)
    entry = overlaid(ROOT / "config/paper.yaml", root=ROOT).entry("glalign", "vi")
    with torch.device("meta"):
        model = GLAlign.build(entry.model, (224, 224), TrainingInfo(0, 0), Weights(tmp_path, load=False))
    assert entry.optim.lr == 5e-6
    assert model.tokenizer.vocab_size == len(model.text.encoder.words.weight) == 64_001
    encoder = sum(p.numel() for p in model.text.encoder.parameters())
    assert encoder == 134_998_272 - 768 * 769  # vinai/phobert-base without its pooler
    ids, _ = model.tokenizer.encode("woman, skirt, shoes, man")
    assert len(ids) == 2 + 7
    assert ids.count(model.tokenizer.unknown_id) == 3  # the commas


def test_glalign_with_gpt2_can_be_built_at_its_original_size(tmp_path: Path) -> None:
    write_stand_in(tmp_path, "gpt2", "gpt2", 50_257)
    change = {"text_backbone": "gpt2", "text_weights": "gpt2", "text_vocabulary": "gpt2"}
    entry = overlaid(ROOT / "config/paper.yaml", root=ROOT).entry("glalign", "en")
    with torch.device("meta"):
        options, weights = {**entry.model, **change}, Weights(tmp_path, load=False)
        model = GLAlign.build(options, (224, 224), TrainingInfo(0, 0), weights)
    assert model.tokenizer.vocab_size == len(model.text.encoder.words.weight) == 50_257
    assert sum(p.numel() for p in model.text.encoder.parameters()) == 124_439_808
    assert model.tokenizer.context_length == 512
    assert len(model.tokenizer.encode("woman skirt shoes man")[0]) == 4 + 1


def test_a_dictionary_has_so_many_different_words() -> None:
    assert len({word for word, _ in dictionary(500)}) == len(dictionary(500)) == 500
    assert len(dictionary(3)) == 3
    assert dictionary(0) == ()

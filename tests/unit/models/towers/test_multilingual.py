"""The multilingual towers against open_clip's, their weight files, and the recipe of the tiny twin."""

import json
from pathlib import Path

import pytest
import torch
from helpers.twins import twin_spec
from torch import Tensor
from torch.nn import functional as F

from glalign.config.training import Data, Optim
from glalign.config.twins import Corpus
from glalign.data.caption_tensors import TokenTable
from glalign.models.towers.multilingual import MultilingualTowers, multilingual_towers
from glalign.pretraining.multilingual import pretrain_multilingual
from glalign.storage.weight_files import PRETRAINED, VOCABULARY, load_weights, save_weights
from glalign.support.errors import UserError

CAPTIONS = ("A man wears a red shirt.", "The woman has long black hair and carries a blue bag.", "A woman.")


def towers(size: tuple[int, int] = (64, 32), seed: int = 0, dropout: float = 0.0) -> MultilingualTowers:
    torch.manual_seed(seed)
    return multilingual_towers("tiny/multilingual", size, PRETRAINED / f"tiny_unigram{VOCABULARY}", dropout).eval()


def ids_of(ours: MultilingualTowers) -> Tensor:
    return TokenTable(CAPTIONS, ours.tokenizer).tokens


def test_the_text_tower_is_open_clips() -> None:
    from open_clip.hf_model import HFTextEncoder  # noqa: PLC0415

    ours = towers()
    config = ours.text.transformer.config
    theirs = HFTextEncoder("", ours.embed_dim, config, pooler_type="mean_pooler", proj_type="mlp", pretrained=False)
    missing, unknown = theirs.eval().load_state_dict(ours.text.state_dict(), strict=False)
    assert not unknown
    assert all(".pooler." in name for name in missing)
    ids = ids_of(ours)
    with torch.no_grad():
        torch.testing.assert_close(ours.texts(ids)[0], theirs(ids), atol=1e-5, rtol=1e-4)


def test_the_class_token_is_open_clips() -> None:
    from open_clip.transformer import VisionTransformer  # noqa: PLC0415

    ours, pixels = towers(), torch.randn(3, 3, 64, 32)
    theirs = VisionTransformer((64, 32), 8, 64, 2, 2, 3.0, output_dim=128).eval()
    theirs.load_state_dict(ours.visual.state_dict())
    with torch.no_grad():
        tokens = ours.image_tokens(pixels)
        torch.testing.assert_close(tokens[:, 0], theirs(pixels), atol=1e-5, rtol=1e-4)
    assert tokens.shape == (3, 1 + 8 * 4, ours.embed_dim)


def test_a_caption_is_the_projected_mean_of_its_tokens_whatever_its_padding() -> None:
    ours = towers()
    ids = ids_of(ours)
    wide = F.pad(ids, (0, 9), value=ours.tokenizer.pad_id)
    with torch.no_grad():
        features, tokens = ours.texts(ids)
        more, more_tokens = ours.texts(wide)
        for row, length in enumerate(ours.lengths(ids).tolist()):
            hidden = ours.text.transformer(input_ids=ids[row : row + 1, :length]).last_hidden_state[0]
            mean = sum(hidden[place] for place in range(length)) / length
            torch.testing.assert_close(features[row], ours.text.proj(mean), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(tokens[row, :length], ours.text.proj(hidden), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(more[row], features[row], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(more_tokens[row, :length], tokens[row, :length], atol=1e-5, rtol=1e-4)
    assert more_tokens.shape[1] == wide.shape[1]


def test_an_open_clip_checkpoint_fits_at_another_image_size(tmp_path: Path) -> None:
    square, ours = towers((32, 32), seed=1), towers()
    extra = {
        "logit_scale": torch.tensor(4.6),
        "text.transformer.embeddings.position_ids": torch.arange(80)[None],
    }
    save_weights(tmp_path / "open_clip.safetensors", {**square.state_dict(), **extra})
    load_weights(ours, tmp_path, "open_clip")
    own = ours.state_dict()
    for name, value in square.state_dict().items():
        if name != "visual.positional_embedding":
            assert torch.equal(own[name], value)
    assert len(own["visual.positional_embedding"]) == 1 + 8 * 4
    assert torch.equal(own["visual.positional_embedding"][0], square.visual.positional_embedding[0])


def test_the_shipped_twin_says_what_it_has_read() -> None:
    file = PRETRAINED / "tiny_multilingual.safetensors"
    record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["record"]["languages"] == ["en", "vi"]
    assert min(record["record"]["held_out_rank1"].values()) > 30
    assert file.stat().st_size < 2_000_000
    load_weights(towers(), PRETRAINED, "tiny_multilingual")


def test_the_recipe_starts_from_the_image_tower_of_the_tiny_clip(tmp_path: Path) -> None:
    spec = twin_spec(
        kind="multilingual",
        steps=2,
        held_out=3,
        validate_every=2,
        corpus=Corpus(domain="pretrain", identities=12, images=1, seed=1, languages=("en", "vi")),
        model={"backbone": "tiny/multilingual", "vocabulary": "tiny_unigram", "image_weights": "tiny_clip"},
        data=Data(image_size=(64, 32), batch_size=4),
        sampling="pairs",
        optim=Optim(name="adamw", lr=1e-9),
    )
    record = pretrain_multilingual(spec, tmp_path / "twin.safetensors")
    assert record["languages"] == list(record["held_out_rank1"]) == ["en", "vi"]
    mean = sum(record["held_out_rank1"].values()) / 2  # as many captions in each
    assert record["course"][-1]["held_out_rank1"] == pytest.approx(mean)
    assert [line["step"] for line in record["course"]] == [2]
    made, start = towers(), towers(seed=1)
    load_weights(made, tmp_path, "twin")
    load_weights(start.visual, PRETRAINED, "tiny_clip", "visual.")
    for name, value in start.visual.state_dict().items():
        torch.testing.assert_close(made.visual.state_dict()[name], value, atol=1e-6, rtol=1e-5)


def test_dropout_acts_in_training_only() -> None:
    ours = towers(dropout=0.3)
    ids = ids_of(ours)
    with torch.no_grad():
        assert torch.equal(ours.texts(ids)[0], ours.texts(ids)[0])
        ours.train()
        assert not torch.equal(ours.texts(ids)[0], ours.texts(ids)[0])


def test_an_impossible_image_size_is_named() -> None:
    with pytest.raises(UserError, match=r"data\.image_size: \[60, 32\]"):
        towers((60, 32))

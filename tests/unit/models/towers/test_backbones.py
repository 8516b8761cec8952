"""Towers against open_clip's and torchvision's own forward passes."""

import pytest
import torch
from helpers.open_clip_reference import tiny_twin
from torch.nn import functional as F

from glalign.models.towers.backbones import clip_towers, resnet_trunk
from glalign.models.towers.clip import ClipTowers
from glalign.models.towers.positions import resize_positions
from glalign.support.errors import UserError


@pytest.fixture(scope="module")
def towers() -> ClipTowers:
    torch.manual_seed(0)
    return clip_towers("tiny/clip", (64, 32), dropout=0.1).eval()


def captions(tokenizer, *texts: str) -> torch.Tensor:
    ids = [tokenizer.encode(text)[0] for text in texts]
    return torch.tensor([row + [tokenizer.pad_id] * (77 - len(row)) for row in ids])


def test_class_and_end_tokens_are_open_clips_features(towers):
    pixels = torch.randn(3, 3, 64, 32)
    ids = captions(towers.tokenizer, "a man", "a woman in a red dress", "shoes")
    theirs = tiny_twin(towers)
    with torch.no_grad():
        image, text = towers.image_tokens(pixels), towers.text_tokens(ids)
        torch.testing.assert_close(image[:, 0], theirs.encode_image(pixels), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(text[torch.arange(3), ids.argmax(-1)], theirs.encode_text(ids), atol=1e-5, rtol=1e-4)
    assert image.shape == (3, 1 + 8 * 4, towers.embed_dim)
    assert text.shape == (3, 77, towers.embed_dim)
    assert towers.patch_grid == (8, 4)


def test_shorter_padding_changes_no_token(towers):
    ids = captions(towers.tokenizer, "a man with a bag", "a woman")
    length = int(ids.argmax(-1).max()) + 1
    with torch.no_grad():
        whole, cut = towers.text_tokens(ids), towers.text_tokens(ids[:, :length])
    torch.testing.assert_close(whole[:, :length], cut, atol=1e-5, rtol=1e-4)


def test_patch_tokens_are_row_by_row(towers):
    """Changing the pixels of patch (row 5, column 2) moves the embedding of token 1 + 5 * 4 + 2 alone."""
    pixels = torch.zeros(1, 3, 64, 32)
    pixels[..., 40:48, 16:24] = 1.0
    embedded = towers.visual.conv1(pixels).flatten(2).transpose(1, 2)
    assert embedded.abs().sum(-1).nonzero()[:, 1].tolist() == [5 * 4 + 2]


def test_dropout_acts_in_training_only_and_keeps_the_names(towers):
    without = clip_towers("tiny/clip", (64, 32), dropout=0.0)
    assert list(without.state_dict()) == list(towers.state_dict())
    without.load_state_dict(towers.state_dict())
    pixels = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        still = towers.image_tokens(pixels)
        torch.testing.assert_close(without.train().image_tokens(pixels), still, atol=1e-5, rtol=1e-4)
        towers.train()
        first, second = towers.image_tokens(pixels), towers.image_tokens(pixels)
        towers.eval()
    assert not torch.equal(first, second)
    blocks = [*towers.visual.transformer.resblocks, *towers.transformer.resblocks]
    assert all(block.dropout == 0.1 for block in blocks)


def test_paper_order_gives_the_class_token_neither_position_nor_norm(towers):
    paper = clip_towers("tiny/clip", (64, 32), class_token="paper").eval()
    paper.load_state_dict(towers.state_dict())
    seen = {}
    handle = paper.visual.transformer.register_forward_pre_hook(lambda module, args: seen.update(x=args[0]))
    pixels = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        paper.image_tokens(pixels)
        visual = paper.visual
        patches = visual.conv1(pixels).flatten(2).transpose(1, 2)
        for i in range(2):
            assert seen["x"][i, 0].equal(visual.class_embedding)
            expected = visual.ln_pre(patches[i, 7] + visual.positional_embedding[8])
            torch.testing.assert_close(seen["x"][i, 8], expected)
    handle.remove()


def test_tiny_and_real_sizes():
    tiny = clip_towers("tiny/clip", (64, 32))
    assert tiny.tokenizer.vocab_size == tiny.token_embedding.num_embeddings == 4096
    assert sum(p.numel() for p in tiny.parameters()) < 600_000
    with torch.device("meta"):
        real = clip_towers("clip-vit-b-32", (224, 224))
    # baselines.md: CLIP ViT-B/32 has 151,277,313 parameters, one of which is the logit scale.
    assert sum(p.numel() for p in real.parameters()) == 151_277_312
    assert real.patch_grid == (7, 7)


@pytest.mark.parametrize(("old", "new"), [((8, 4), (4, 4)), ((7, 7), (24, 8)), ((4, 2), (8, 4))])
def test_resized_positions_keep_class_row_constants_and_orientation(old, new):
    table = torch.zeros(1 + old[0] * old[1], 2)
    table[0] = 9.0
    table[1:, 0] = 3.0
    table[1:, 1] = torch.arange(old[0]).repeat_interleave(old[1])  # grows downwards only
    resized = resize_positions(table, old, new, antialias=True)
    assert resized.shape == (1 + new[0] * new[1], 2)
    assert resized[0].tolist() == [9.0, 9.0]
    torch.testing.assert_close(resized[1:, 0], torch.full((new[0] * new[1],), 3.0))
    rows = resized[1:, 1].reshape(new)
    torch.testing.assert_close(rows, rows[:, :1].expand(new))
    assert (rows[1:, 0] >= rows[:-1, 0] - 1e-4).all()


def test_trunks_map_images_to_features():
    tiny = resnet_trunk("tiny/resnet")
    assert tiny(torch.randn(2, 3, 64, 32)).shape == (2, tiny.channels, 4, 2)
    assert sum(p.numel() for p in tiny.parameters()) < 600_000


def test_resnet50_is_torchvisions():
    from torchvision.models import resnet50  # noqa: PLC0415

    torch.manual_seed(0)
    theirs, ours = resnet50().eval(), resnet_trunk("resnet50").eval()
    ours.load_state_dict(ours.adapt(theirs.state_dict(), {}))
    assert sum(p.numel() for p in ours.parameters()) == 23_508_032
    pixels = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        pooled = F.adaptive_avg_pool2d(ours(pixels), 1).flatten(1)
        torch.testing.assert_close(theirs.fc(pooled), theirs(pixels), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: clip_towers("clip-vit-b-33", (64, 32)), "clip-vit-b-32"),
        (lambda: resnet_trunk("resnet51"), "resnet50"),
        (lambda: clip_towers("tiny/clip", (60, 32)), "image_size"),
        (lambda: clip_towers("tiny/clip", (64, 32), class_token="none"), "class_token"),
        (lambda: clip_towers("tiny/clip", (64, 32), context_length=78), "context_length"),
    ],
)
def test_impossible_backbones_are_named(make, message):
    with pytest.raises(UserError, match=message):
        make()

"""CLIP's blocks and towers against open_clip's: names, random weights, features, gradients, dropout."""

import subprocess
import sys

import pytest
import torch
from helpers.open_clip_reference import open_clip_twin

from glalign.language.tokenizers import clip_tokenizer
from glalign.models.towers.clip import ClipShape, ClipTowers

SIZE = (32, 16)
SHAPE = ClipShape(8, 24, 32, 2, 48, 3, head_width=16, mlp_ratio=3.0, context=12, merges=100)
IDS = torch.randint(1, 600, (3, 9), generator=torch.Generator().manual_seed(1))


def pair(*, quick_gelu: bool = True, dropout: float = 0.0) -> tuple[ClipTowers, torch.nn.Module]:
    """Our towers and open_clip's, from one seed."""
    shape = ClipShape(**{**vars(SHAPE), "quick_gelu": quick_gelu})
    torch.manual_seed(3)
    ours = ClipTowers(shape, SIZE, clip_tokenizer(merges=100, context_length=12), dropout, "clip")
    torch.manual_seed(3)
    return ours, open_clip_twin(SIZE, shape, ours.tokenizer.vocab_size, dropout)


def test_names_order_and_random_weights_are_open_clips() -> None:
    ours, theirs = (model.state_dict() for model in pair())
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())


@pytest.mark.parametrize("quick_gelu", [True, False])
@pytest.mark.parametrize(("dropout", "attention"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2)])
def test_a_training_step_is_open_clips_with_the_same_dropout(
    quick_gelu: bool, dropout: float, attention: float
) -> None:
    ours, theirs = (model.double().train() for model in pair(quick_gelu=quick_gelu, dropout=dropout))
    ours.drop_text_attention(attention)
    for block in theirs.transformer.resblocks:
        block.attn.dropout = attention
    pixels = torch.randn(3, 3, *SIZE).double()
    torch.manual_seed(5)
    found = torch.stack([ours.image_tokens(pixels)[:, 0], ours.encode_ids(IDS)[:, 4]])
    torch.manual_seed(5)
    hidden = theirs.token_embedding(IDS) + theirs.positional_embedding[:9]
    image = theirs.encode_image(pixels)
    hidden = theirs.transformer(hidden, attn_mask=theirs.attn_mask[:9, :9])
    expected = torch.stack([image, (theirs.ln_final(hidden) @ theirs.text_projection)[:, 4]])
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)
    found.square().sum().backward()
    expected.square().sum().backward()
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-8, rtol=1e-8, msg=name)


def test_no_system_imports_open_clip() -> None:
    code = (
        "import sys, baselines.irra, baselines.m_irra, baselines.plot, baselines.tbps_clip, glalign.models.glalign\n"
        "from glalign.models.towers.backbones import clip_towers\n"
        "clip_towers('tiny/clip', (64, 32))\n"
        "print('open_clip' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""CLIP's blocks and towers against open_clip's: names, random weights, features, gradients, dropout."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from helpers.open_clip_reference import open_clip_twin
from torch.utils.checkpoint import checkpoint

from glalign.cost.pretended_gpu import PretendedGpu
from glalign.language.tokenizers import clip_tokenizer
from glalign.models.towers.clip import ClipShape, ClipTowers
from glalign.models.towers.clip_block import QuickGELU, ResidualAttentionBlock

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
    found = torch.stack([ours.image_tokens(pixels)[:, 0], ours.encode_words(ours.token_embedding(IDS))[:, 4]])
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


def plain_quick_gelu(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(1.702 * x)


def values(kind: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs between -9 and 9 that are not contiguous, and a gradient."""
    x, gradient = torch.linspace(-9, 9, 1001), torch.linspace(-1, 3, 1001)
    return x.repeat(3, 1).T.to(kind).requires_grad_(), gradient[:, None].expand(-1, 3).to(kind)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_quick_gelu_has_the_bits_of_the_plain_formula_on_a_cpu(kind: torch.dtype) -> None:
    x, gradient = values(kind)
    found, expected = QuickGELU()(x), plain_quick_gelu(x)
    assert torch.equal(found, expected)
    assert torch.equal(*(torch.autograd.grad(y, x, gradient)[0] for y in (found, expected)))
    with torch.no_grad():
        assert torch.equal(QuickGELU()(x), expected)


@pytest.mark.parametrize("gpu", [False, True])
def test_the_gradient_of_quick_gelu_is_right_on_either_device(gpu: bool) -> None:
    def quick_gelu(x: torch.Tensor) -> torch.Tensor:
        if not gpu:
            return QuickGELU()(x)
        with PretendedGpu() as device:
            device.put([x])
            return QuickGELU()(x)

    torch.autograd.gradcheck(quick_gelu, torch.linspace(-6, 6, 25).double().requires_grad_())
    for kind, tolerance in ((torch.float32, 1e-6), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)):
        x, gradient = values(kind)
        (found,) = torch.autograd.grad(quick_gelu(x), x, gradient)
        exact = x.detach().double().requires_grad_()
        (expected,) = torch.autograd.grad(plain_quick_gelu(exact), exact, gradient.double())
        torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)


def test_quick_gelu_keeps_its_input_alone() -> None:
    kept: list[torch.Tensor] = []
    x, _ = values()
    with torch.autograd.graph.saved_tensors_hooks(lambda value: kept.append(value) or value, lambda value: value):
        QuickGELU()(x)
    assert [value.data_ptr() for value in kept] == [x.data_ptr()]


def test_a_gradient_on_a_gpu_takes_two_kernels_of_quick_gelu() -> None:
    x, gradient = values()
    with PretendedGpu() as gpu:
        gpu.put([x, gradient])
        y = QuickGELU()(x)
        assert dict(gpu.launches) == {"mul": 1, "sigmoid_": 1, "mul_": 1}
        gpu.launches.clear()
        torch.autograd.grad(y, x, gradient)
    assert dict(gpu.launches) == {"mul": 1, "silu_backward": 1}


@pytest.mark.parametrize("lowered", [None, torch.bfloat16])
def test_a_block_with_quick_gelu_is_the_same_recomputed_and_with_the_plain_formula(lowered: torch.dtype | None) -> None:
    torch.manual_seed(0)
    block, x = ResidualAttentionBlock(16, 2), torch.randn(2, 5, 16, requires_grad=True)

    def gradients(run: Callable[[torch.Tensor], torch.Tensor]) -> list[torch.Tensor]:
        with torch.autocast("cpu", lowered or torch.bfloat16, enabled=lowered is not None):
            total = run(x).float().square().sum()
        return [total.detach(), *torch.autograd.grad(total, [x, *block.parameters()])]

    found = gradients(block)
    again = gradients(lambda x: checkpoint(block, x, use_reentrant=False))
    block.mlp.gelu = Plain()
    for mine, recomputed, expected in zip(found, again, gradients(block), strict=True):
        assert torch.equal(mine, expected)
        assert torch.equal(recomputed, expected)


def test_quick_gelu_compiles_to_the_plain_formula() -> None:
    x, gradient = values()
    y = torch.compile(QuickGELU(), backend="aot_eager", fullgraph=True)(x)
    expected = plain_quick_gelu(x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(*(torch.autograd.grad(one, x, gradient)[0] for one in (y, expected)))


class Plain(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return plain_quick_gelu(x)


def test_no_system_imports_open_clip() -> None:
    code = (
        "import sys, baselines.irra, baselines.m_irra, baselines.plot, baselines.tbps_clip, glalign.models.glalign\n"
        "from glalign.models.towers.backbones import clip_towers\n"
        "clip_towers('tiny/clip', (64, 32))\n"
        "print('open_clip' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

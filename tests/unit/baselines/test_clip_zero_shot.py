"""The pre-trained CLIP: open_clip's features, CLIP's loss when it is fine-tuned after all."""

import math

import pytest
import torch
from helpers.open_clip_reference import tiny_twin
from torch.nn import functional as F

from baselines.clip_zero_shot import ClipZeroShot
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.storage.weight_files import PRETRAINED, UNFILLED, Weights, read_weights


def build(weights: Weights = UNFILLED) -> ClipZeroShot:
    torch.manual_seed(0)
    model = {"backbone": "tiny/clip", "weights": "tiny_clip"}
    return ClipZeroShot.build(model, (64, 32), TrainingInfo(identities=5, steps=0), weights)


def batch_of(system: ClipZeroShot) -> Batch:
    ids = [system.tokenizer.encode(text)[0] for text in ("a man", "a woman in a red dress", "shoes", "a man")]
    tokens = torch.tensor([row + [0] * (max(map(len, ids)) - len(row)) for row in ids])
    pixels = torch.randn(4, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    return Batch(pixels, tokens, person=torch.tensor([0, 1, 2, 0]))


def test_features_are_open_clips_under_the_weights_of_the_file() -> None:
    system = build(Weights(PRETRAINED)).eval()
    tensors, _ = read_weights(PRETRAINED / "tiny_clip.safetensors")
    own = system.towers.state_dict()
    assert torch.equal(system.scale.log.detach(), tensors.pop("logit_scale"))
    assert all(torch.equal(own[name], value) for name, value in tensors.items())
    batch, theirs = batch_of(system), tiny_twin(system.towers)
    with torch.no_grad():
        images, texts = system.encode_images(batch)["global"], system.encode_texts(batch)["global"]
        ids = F.pad(batch.tokens, (0, 77 - batch.tokens.shape[1]))
        torch.testing.assert_close(images, theirs.encode_image(batch.pixels, True), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(texts, theirs.encode_text(ids, True), atol=1e-5, rtol=1e-4)


def test_a_fine_tuning_has_clips_loss_with_the_diagonal_alone() -> None:
    system = build()
    batch = batch_of(system)
    (name, found), *others = system.loss(batch).items()
    assert (name, others) == ("contrastive", [])
    with torch.no_grad():
        cosines = system.encode_images(batch)["global"] @ system.encode_texts(batch)["global"].T
    total = 0.0
    for rows in (cosines.tolist(), cosines.T.tolist()):
        for i, row in enumerate(rows):  # first and last are one person, but no positives of each other
            total -= row[i] / 0.07 - math.log(sum(math.exp(value / 0.07) for value in row))
    assert float(found.detach()) == pytest.approx(total / 8, rel=1e-4)


def test_original_size_is_clips() -> None:
    with torch.device("meta"):
        original = ClipZeroShot.build({}, (224, 224), TrainingInfo(identities=0, steps=0), UNFILLED)
    assert sum(p.numel() for p in original.parameters()) == 149_620_737

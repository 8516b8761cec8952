"""The diagram of docs/figures.md has the shapes of the model at its original size."""

import re

import pytest
import torch
from helpers.plans import ROOT

from glalign.config.loading import load
from glalign.contract.training_info import TrainingInfo
from glalign.cost.size import write_stand_in
from glalign.engine.specimen import specimen
from glalign.models.glalign import GLAlign
from glalign.storage.weight_files import Weights

PAIRS, WORDS = 2, 11  # no other axis has as many
SHAPE = re.compile(r"\b([a-z_]+) (\([0-9BT]+(?:, [0-9BT]+)*\))")


def drawn() -> tuple[dict[str, str], str]:
    """Tensor -> shape in the diagram; the text of the page."""
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    return dict(SHAPE.findall(text.split("```")[1])), text


def computed(model: GLAlign, image_size: tuple[int, int]) -> dict[str, str]:
    """Tensor -> shape, with B pairs and captions of T tokens."""
    batch = specimen(model, image_size, range(PAIRS), words=(WORDS, WORDS))
    images, texts = model.encode_images(batch), model.encode_texts(batch)
    tensors = {
        "pixels": batch.pixels, "parts": batch.parts, "tokens": batch.tokens, "phrases": batch.phrases,
        "image_tokens": model.towers.image_tokens(batch.pixels),
        "text_tokens": model.text_tower.text_tokens(batch.tokens),
        **{f"image_{name}": value for name, value in images.items()},
        **{f"text_{name}": value for name, value in texts.items()},
        "score": model.similarity(texts, images),
    }  # fmt: skip
    letters = {PAIRS: "B", batch.tokens.shape[1]: "T"}
    return {
        name: f"({', '.join(str(letters.get(size, size)) for size in tensor.shape)})"
        for name, tensor in tensors.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_diagram_has_the_shapes_of_the_code(tmp_path, language):
    shapes, text = drawn()
    entry = load(ROOT / "config.yaml").entry("glalign", language)
    assert entry.model["backbone"] == "clip-vit-b-32" and entry.data is not None
    if language == "vi":
        write_stand_in(tmp_path, entry.model["text_vocabulary"], "phobert", 300)
    torch.manual_seed(0)
    model = GLAlign.build(entry.model, entry.data.image_size, TrainingInfo(3, 1), Weights(tmp_path, load=False)).eval()
    with torch.inference_mode():
        found = computed(model, entry.data.image_size)
    print("\n".join(f"{name} {shape}" for name, shape in found.items()))
    assert shapes == found
    assert f"at most {model.tokenizer.context_length} tokens" in text

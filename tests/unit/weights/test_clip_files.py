"""The forms in which CLIP is published: OpenAI's archive and state dict, transformers', a trained system."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import originals
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from glalign.models.towers.backbones import clip_towers
from glalign.models.towers.clip import ClipTowers
from glalign.storage.weight_files import LOGIT_SCALE, Weights
from glalign.support.errors import UserError
from glalign.weights.catalogue import weight_release
from glalign.weights.importing import import_release

NAME = "clip-vit-b-32"
RELEASE = replace(weight_release(NAME), backbone="tiny/clip")
SIZE = (64, 64)


class Trap:
    """Code that reading a pickle must not run."""

    def __reduce__(self):
        return (print, ("run",))


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def small_clip(source: Path) -> dict[str, Tensor]:
    """The tensors of a small CLIP with random values, under OpenAI's names, which are open_clip's."""
    return load_file(originals.clip(source, NAME, real=False).files[0])


def imported(file: Path, folder: Path) -> dict[str, Tensor]:
    """Import as OpenAI's CLIP; load the towers, too."""
    import_release(RELEASE, [file], folder, print)
    Weights(folder).fill(clip_towers("tiny/clip", SIZE), NAME)
    return load_file(folder / f"{NAME}.safetensors")


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return set(found) == set(expected) and all(torch.equal(found[name], expected[name]) for name in found)


def module_tree(tensors: dict[str, Tensor]) -> nn.Module:
    """Modules of which the state dict is `tensors`."""
    root = nn.Module()
    for name, value in tensors.items():
        place = root
        *parts, last = name.split(".")
        for part in parts:
            if not hasattr(place, part):
                place.add_module(part, nn.Module())
            place = place.get_submodule(part)
        place.register_buffer(last, value)
    return root


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("half", [True, False])
def test_openais_archive_is_read_and_not_run(source, tmp_path, half, monkeypatch):
    tensors = small_clip(source)
    if half:  # as OpenAI stores its matrices
        tensors = {name: value.half() if value.ndim > 1 else value for name, value in tensors.items()}
    sizes = {"input_resolution": 64, "context_length": 77, "vocab_size": 4096}
    extra = {name: torch.tensor(value) for name, value in sizes.items()}
    extra["transformer.resblocks.0.attn_mask"] = torch.full((77, 77), float("-inf")).triu(1)
    program = torch.jit.script(module_tree(tensors | extra))
    program.save(str(source / "ViT-B-32.pt"))
    monkeypatch.setattr(torch.jit, "load", None)
    assert same(imported(source / "ViT-B-32.pt", tmp_path), tensors)
    record = json.loads((tmp_path / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["tensors"]["dropped"] == dict.fromkeys([*sizes, "transformer.resblocks.0.attn_mask"], 1)


def test_openais_state_dict_with_its_sizes_is_read(source, tmp_path):
    tensors = small_clip(source)
    torch.save(tensors | {"input_resolution": torch.tensor(64), "vocab_size": torch.tensor(4096)}, source / "c.pt")
    assert same(imported(source / "c.pt", tmp_path), tensors)


def archive(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/data.pkl", data)
        file.writestr("x/constants.pkl", b"")


def test_an_archive_with_other_objects_is_refused(source, tmp_path, capsys):
    import pickle  # noqa: PLC0415

    path = source / "ViT-B-32.pt"
    for data in (pickle.dumps(Trap()), pickle.dumps({"x": Trap()})):
        archive(path, data)
        with pytest.raises(UserError, match=r"TorchScript archive that cannot be read \(builtins\.print is neither"):
            import_release(RELEASE, [path], tmp_path, print)
    no_tensor = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x01K\x01K\x01tR."  # of numbers
    for data in (b"", b"\x80\x02X", b"\x80\x02Q.", pickle.dumps(1), no_tensor):
        archive(path, data)
        with pytest.raises(UserError, match=r"ViT-B-32\.pt: .*(download it again|use the release's checkpoint)$"):
            import_release(RELEASE, [path], tmp_path, print)
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x01"))
    with pytest.raises(UserError, match=r"ViT-B-32\.pt: not a whole file of torch\.save .*download it again$"):
        import_release(RELEASE, [path], tmp_path, print)
    assert "run" not in capsys.readouterr().out.split()
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_transformers_clip_computes_the_same_features(source, tmp_path, suffix):
    from transformers import CLIPConfig, CLIPModel  # noqa: PLC0415

    shared = {"hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2, "hidden_act": "gelu"}
    text = {"vocab_size": 4096, "num_attention_heads": 2, "bos_token_id": 4094, "eos_token_id": 4095}
    vision = {"image_size": 64, "patch_size": 8, "num_attention_heads": 2}
    config = CLIPConfig(text_config=shared | text, vision_config=shared | vision, projection_dim=128)
    model = originals.randomised(CLIPModel(config), 0.1)
    ids = originals.ids_of(4096, 4094, 4095, 0)[0]
    pixels = originals.pixels_of(*SIZE)
    with torch.no_grad():
        images = model.visual_projection(model.vision_model(pixels).pooler_output)
        captions = model.text_projection(model.text_model(ids).pooler_output)
    file = source / f"model.{suffix}"
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    tensors["text_model.embeddings.position_ids"] = torch.arange(77)[None]  # of older releases
    save_file(tensors, file) if suffix == "safetensors" else torch.save(tensors, file)
    assert imported(file, tmp_path)[LOGIT_SCALE] == model.logit_scale
    towers: ClipTowers = clip_towers("tiny/clip", SIZE).eval()
    Weights(tmp_path).fill(towers, NAME)
    with torch.no_grad():
        torch.testing.assert_close(towers.image_tokens(pixels)[:, 0], images, atol=1e-5, rtol=1e-5)
        found = towers.text_tokens(ids)[torch.arange(3), originals.LENGTHS - 1]
        torch.testing.assert_close(found, captions, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("others", [{}, {"classifier.weight": torch.zeros(2, 2)}])
def test_a_trained_system_is_named_and_its_clip_can_be_a_file_of_ones_own(source, tmp_path, others):
    tensors = small_clip(source)
    torch.save(
        {"model": {f"base_model.{name}": value for name, value in tensors.items()} | others}, source / "best.pth"
    )
    message = (
        rf"best\.pth: not {NAME} but a trained system with a CLIP inside \(below `base_model\.`, beside {len(others)}"
    )
    with pytest.raises(UserError, match=message):
        import_release(RELEASE, [source / "best.pth"], tmp_path, print)
    assert not list(tmp_path.glob("*.safetensors"))
    # As docs/weights.md shows.
    model = torch.load(source / "best.pth", weights_only=True)["model"]
    own = {
        name.removeprefix("base_model."): t.contiguous() for name, t in model.items() if name.startswith("base_model.")
    }
    save_file(own, tmp_path / "own.safetensors", metadata={"grid": "8x8"})
    Weights(tmp_path).fill(clip_towers("tiny/clip", (64, 32)), "own")


@pytest.mark.parametrize("present", [True, False])
def test_the_logit_scale_of_a_clip_is_kept(source, tmp_path, present):
    tensors = small_clip(source)
    if not present:
        del tensors[LOGIT_SCALE]
    file = source / "open_clip_model.safetensors"
    save_file({n: v.reshape(1) if n == LOGIT_SCALE else v for n, v in tensors.items()}, file)
    found = imported(file, tmp_path)
    assert (LOGIT_SCALE in found) is present
    assert not present or (found[LOGIT_SCALE].shape == () and found[LOGIT_SCALE] == tensors[LOGIT_SCALE])


def test_a_logit_scale_of_several_values_is_another_models(source, tmp_path):
    file = source / "open_clip_model.safetensors"
    save_file({**small_clip(source), LOGIT_SCALE: torch.tensor([4.6, 4.6])}, file)
    with pytest.raises(
        UserError, match=r"open_clip_model\.safetensors: tensor `logit_scale` has 2 values, a CLIP's has"
    ):
        imported(file, tmp_path)


def test_the_logit_scale_of_the_multilingual_clip_is_kept(source, tmp_path):
    original = originals.multilingual(source, real=False)
    import_release(original.release, original.files, tmp_path, print)
    assert load_file(tmp_path / f"{original.release.name}.safetensors")[LOGIT_SCALE] == torch.tensor(4.6)

"""Files of the right shape that may be another model's: refused where they are known, else listed as not verified."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from helpers import originals

from glalign.cli.main import main
from glalign.models.towers.backbones import clip_towers
from glalign.storage.weight_status import cached_sha256
from glalign.support.errors import UserError
from glalign.weights import foreign_files
from glalign.weights.catalogue import WeightRelease, catalogue, weight_release
from glalign.weights.foreign_files import LAION_2B, check_activation, open_clip_files
from glalign.weights.importing import import_release
from glalign.weights.origins import BY_HAND, FETCHED, UNRECORDED, VERIFIED, standing

ROOT = Path(__file__).parents[3]
CLIP = weight_release("clip-vit-b-32")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def listed(tmp_path: Path, name: str) -> tuple[dict, str]:
    """The JSON entry and the text of a release that lies in `tmp_path`/weights."""
    overlay = tmp_path / "o.yaml"
    overlay.write_text(f"weights: {tmp_path / 'weights'}\n", encoding="utf-8")
    options = [part for path in (ROOT / "config" / "paper.yaml", overlay) for part in ("--config", str(path))]
    runs = [CliRunner().invoke(main, ["weights", "list", *options, *more]).output for more in (["--json"], [])]
    entry = next(entry for entry in json.loads(runs[0]) if entry["name"] == name)
    lines = runs[1].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{name} "))
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("  "))
    return entry, "\n".join(lines[start:end])


def test_weights_of_the_same_shape_are_listed_as_not_verified(source, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    missing, text = listed(tmp_path, CLIP.name)
    assert (missing["standing"], missing["licence"]) == (None, CLIP.licence) and "standing" not in text
    original = originals.clip(source, CLIP.name, real=False)
    lines: list[str] = []
    import_release(original.release, original.files, tmp_path / "weights", lines.append)
    assert lines[-2:] == [
        "clip-vit-b-32: imported by hand, not verified; licence: unknown",
        "  trained with QuickGELU (OpenAI's) or GELU: not stated, and tensors do not show it",
    ]
    record = json.loads((tmp_path / "weights" / f"{CLIP.name}.json").read_text(encoding="utf-8"))
    assert (record["licence"], record["conditions"], record["activation"]) == ("unknown", "", "not stated")
    assert record["files"][f"{CLIP.name}.safetensors"]["from_sha256"] == cached_sha256(original.files[0])
    entry, text = listed(tmp_path, CLIP.name)
    values = [entry[key] for key in ("standing", "activation", "licence", "conditions")]
    assert values == [BY_HAND, "not stated", "unknown", ""]
    assert "MIT" not in text
    assert "from          imported by hand, not verified to be the release of https://huggingface.co/timm/" in text
    assert "activation    not stated\n  licence       unknown" in text
    (tmp_path / "weights" / f"{CLIP.name}.json").unlink()
    entry, text = listed(tmp_path, CLIP.name)
    assert (entry["standing"], entry["licence"]) == (UNRECORDED, "unknown")
    assert "from          without a record, not verified to be" in text


def test_a_file_with_a_known_digest_is_verified(source, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    original = originals.clip(source, CLIP.name, real=False)
    digests = {"ViT-B-32.pt": cached_sha256(original.files[0])}
    lines: list[str] = []
    release = replace(original.release, digests=digests)
    import_release(release, original.files, tmp_path / "weights", lines.append)
    assert lines[-1] == f"clip-vit-b-32: verified; licence: {CLIP.licence}"
    monkeypatch.setitem(catalogue(), CLIP.name, replace(CLIP, digests=digests))
    entry, text = listed(tmp_path, CLIP.name)
    values = [entry[key] for key in ("standing", "licence", "conditions")]
    assert values == [VERIFIED, CLIP.licence, CLIP.conditions]
    assert f"standing      verified\n  from          {CLIP.origin}\n  licence       MIT" in text


def test_the_worst_file_counts():
    known = {"from_sha256": "0676ba61" + "0" * 56, "origin": "downloaded by hand"}
    other = {"from_sha256": "0" * 64, "origin": "downloaded by hand"}
    fetched = other | {"origin": "https://download.pytorch.org/models/resnet50-0676ba61.pth"}
    release = weight_release("resnet50")
    for entries, expected in (
        ([], ""),
        ([known], VERIFIED),
        ([known, fetched], FETCHED),
        ([other, known], BY_HAND),
        ([other, {}], UNRECORDED),
    ):
        assert standing(release, entries) == expected


def test_no_two_releases_share_a_digest():
    stated = [digest for release in catalogue().values() for digest in digests_of(release)]
    assert all(sum(other.startswith(digest[:8]) for other in stated) == 1 for digest in stated)


def digests_of(release: WeightRelease) -> set[str]:
    return {source.sha256 for source in release.files if source.sha256} | set(release.digests.values())


def test_openais_digests_are_those_in_the_addresses_of_the_installed_library():
    addresses = {known.file: known.digest for known in open_clip_files() if known.tag == "openai"}
    for name, file in (("clip-vit-b-32", "ViT-B-32.pt"), ("clip-vit-b-16", "ViT-B-16.pt")):
        assert weight_release(name).digests[file] == addresses[file]


def test_laions_file_is_of_the_list_of_the_installed_library():
    from open_clip.pretrained import get_pretrained_cfg  # noqa: PLC0415

    values = get_pretrained_cfg("ViT-B-32", LAION_2B.tag)
    assert (values["hf_hub"], values.get("quick_gelu")) == ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K/", None)


@pytest.mark.parametrize(
    ("name", "digest", "message"),
    [
        ("resnet50", "11ad3fa6", r"not resnet50 but resnet50-v2, by its SHA-256; import it under that name"),
        ("resnet50-v2", "0676ba61", r"not resnet50-v2 but resnet50, by its SHA-256"),
        ("clip-vit-b-32", "af8dbd0c", r"vit_b_32-laion2b_e16-af8dbd0c\.pth of .* \(laion2b_e16\), trained with GELU"),
        ("clip-vit-b-32", LAION_2B.digest, r"but open_clip_model\.safetensors of .* \(laion2b_s34b_b79k\), .* GELU"),
        ("clip-vit-b-32", "46683a32", r"not clip-vit-b-32 but vit_b_32-quickgelu-.*trained with QuickGELU"),
    ],
)
def test_the_file_of_another_model_is_refused_by_its_digest(source, tmp_path, monkeypatch, name, digest, message):
    monkeypatch.setattr(foreign_files, "cached_sha256", lambda _: digest.ljust(64, "0"))
    torch.save({"x": torch.zeros(1)}, source / "renamed.pth")
    with pytest.raises(UserError, match=rf"renamed\.pth: .*{message}"):
        import_release(weight_release(name), [source / "renamed.pth"], tmp_path, print)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize(
    ("name", "config", "activation"),
    [
        ("open_clip_config.json", {"model_cfg": {"embed_dim": 512, "quick_gelu": True}}, "QuickGELU"),
        ("open_clip_config.json", {"model_cfg": {"embed_dim": 512}}, "GELU"),
        ("config.json", {"model_type": "clip", "text_config": {}, "vision_config": {}}, "QuickGELU"),
        ("config.json", {"model_type": "clip", "text_config": {"hidden_act": "gelu"}}, "GELU"),
        ("config.json", {"model_type": "bert", "hidden_act": "gelu"}, "not stated"),
        ("config.json", [], "not stated"),
    ],
)
def test_a_configuration_beside_the_file_states_its_activation(source, name, config, activation):
    path = source / "model.safetensors"
    path.write_bytes(b"x")
    (source / name).write_text(json.dumps(config), encoding="utf-8")
    towers = {"QuickGELU": clip_towers(CLIP.backbone, (224, 224)), "GELU": clip_towers("tiny/clip", (64, 64))}
    for computed, module in towers.items():
        if activation in (computed, "not stated"):
            assert check_activation(CLIP, module, path, fetched=False) == activation
        else:
            message = rf"{name}: says that model\.safetensors was trained with {activation}, .* computes {computed}"
            with pytest.raises(UserError, match=message):
                check_activation(CLIP, module, path, fetched=False)
        assert check_activation(CLIP, module, path, fetched=True) == computed

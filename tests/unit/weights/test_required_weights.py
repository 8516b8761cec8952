"""The catalogue against the installed libraries, what configurations need, the commands."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.config.loading import BASE, layered, overlaid, read, resolve
from glalign.storage import weight_status as state
from glalign.weights.catalogue import WeightRelease, catalogue, weight_release
from glalign.weights.required_weights import PARSER, required_weights, summary

ROOT = Path(__file__).parents[3]
PAPER = str(ROOT / "config" / "paper.yaml")


def licence_table() -> str:
    """The Markdown table of docs/weights.md."""
    head = "| name | what | from | MB to download | MB stored | licence | conditions |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(f"{_row(release)}\n" for release in catalogue().values())


def _row(release: WeightRelease) -> str:
    sizes = [source.size for source in release.files]
    download = f"{sum(size for size in sizes if size):g}" if all(sizes) else "not published"
    origin = f"[{release.hub}](https://huggingface.co/{release.hub})" if release.hub else f"<{release.files[0].url}>"
    stored = f"{release.stored:g}" if release.stored else ""
    cells = (f"`{release.name}`", release.about, origin, download, stored, release.licence, release.conditions)
    return "| " + " | ".join(cells) + " |"


def test_addresses_are_those_of_the_installed_libraries():
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME  # noqa: PLC0415
    from open_clip.pretrained import get_pretrained_cfg  # noqa: PLC0415
    from torchvision.models import ResNet50_Weights, VGG16_Weights  # noqa: PLC0415

    for name, model, tag in (
        ("clip-vit-b-32", "ViT-B-32", "openai"),
        ("clip-vit-b-16", "ViT-B-16", "openai"),
        ("xlm-roberta-base-vit-b-32", "xlm-roberta-base-ViT-B-32", "laion5b_s13b_b90k"),
    ):
        release = weight_release(name)
        assert get_pretrained_cfg(model, tag)["hf_hub"] == f"{release.hub}/"
        assert release.files[0].path in (HF_WEIGHTS_NAME, HF_SAFE_WEIGHTS_NAME)
    for name, weights in (
        ("resnet50", ResNet50_Weights.IMAGENET1K_V1),
        ("resnet50-v2", ResNet50_Weights.IMAGENET1K_V2),
        ("vgg16", VGG16_Weights.IMAGENET1K_V1),
    ):
        (source,) = weight_release(name).files
        assert source.url == weights.url
        assert source.name.rpartition("-")[2] == f"{source.sha256}.pth"
        assert source.size == pytest.approx(weights.meta["_file_size"] * 1.048576, abs=0.6)  # they count 2^20 bytes


def test_the_documented_table_is_the_catalogue():
    assert licence_table() in (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")


def test_the_paper_profile_needs_known_releases_and_every_one_has_a_reader():
    needs = {need.name: need for need in required_weights(overlaid(PAPER, root=ROOT))}
    assert set(needs) == set(catalogue()) - {"phobert-base-v2", "resnet50-v2", "gpt2"}
    assert needs["bert-base-uncased"].users == ("srcf", "rasa")
    assert needs["segformer_b2_clothes"].users == (PARSER,)
    assert [Path(file).name for file in needs["phobert-base"].files] == [
        "phobert-base.safetensors",
        "phobert-base.vocab.txt",
        "phobert-base.bpe.codes",
    ]
    assert all(file.startswith("weights/") for need in needs.values() for file in need.files)


def test_overlays_with_the_twins_need_what_ships():
    for overlay in ([], [str(ROOT / "config" / "real_subset.yaml")]):
        for need in required_weights(overlaid(*overlay, root=ROOT)):
            assert need.name.startswith("tiny_")
            assert not need.faults()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["weights", *arguments])
    return result.exit_code, result.output


def test_the_list_says_what_is_there_and_exits_by_it(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    code, text = run("list")
    assert code == 0
    assert "there" in text.splitlines()[-1]
    folder = tmp_path / "weights"
    folder.mkdir()
    overlay = tmp_path / "o.yaml"
    overlay.write_text(f"weights: {folder}\n", encoding="utf-8")
    options = [part for path in (PAPER, str(overlay)) for part in ("--config", path)]
    (folder / "resnet50.safetensors").write_bytes(b"\x02" + bytes(7) + b"{}")
    (folder / "resnet50.json").write_text(json.dumps({"sha256": "0" * 64}), encoding="utf-8")
    (folder / "vgg16.safetensors").write_bytes(b"\x02" + bytes(7) + b"{")
    code, text = run("list", *options)
    assert code == 1
    assert "missing       " + str(folder / "albef.safetensors") in text
    assert "torn          " + str(folder / "vgg16.safetensors") in text
    assert "wrong digest  " + str(folder / "resnet50.safetensors") in text
    assert "allows research and evaluation only" in text
    assert f"0 of 10 there; `glalign weights fetch vgg16 --folder {folder}`" in text
    code, text = run("list", "--json", *options)
    entries = {entry["name"]: entry for entry in json.loads(text)}
    assert code == 1
    assert entries["albef"]["licence"] == "BSD-3-Clause"


@pytest.mark.parametrize("packages", [True, False])
def test_a_torn_twin_is_restored_where_it_lies_and_not_fetched(tmp_path, monkeypatch, packages):
    monkeypatch.chdir(ROOT)
    folder = shutil.copytree(ROOT / "glalign" / "pretrained", tmp_path / "pretrained")
    (folder / "tiny_clip.safetensors").write_bytes(b"\x02" + bytes(7) + b"{")
    if packages:
        monkeypatch.setattr(state, "PRETRAINED", folder)
    overlay = tmp_path / "o.yaml"
    overlay.write_text(f"weights: {folder}\n", encoding="utf-8")
    code, text = run("list", "--config", str(overlay))
    assert code == 1
    assert "fetch" not in text
    advice = text.splitlines()[-1].partition("there; ")[2]
    if packages:
        assert advice.startswith("`git checkout -- glalign/pretrained` restores")
        return
    subprocess.run(advice.split("`")[1], shell=True, check=True)
    assert run("list", "--config", str(overlay))[0] == 0


@pytest.mark.parametrize(
    ("name", "folder", "advice"),
    [
        ("vgg16", "w w", "`glalign weights fetch vgg16 --folder 'w w'` gets one"),
        ("vgg16", "glalign/pretrained", "`weights: weights` in the configuration and `glalign weights fetch vgg16 --f"),
        ("no_such", "w", "provide w/no_such.safetensors yourself, or correct its name"),
    ],
)
def test_the_summary_proposes_what_can_be_done(monkeypatch, name, folder, advice):
    monkeypatch.chdir(ROOT)
    file = f"{folder}/{name}.safetensors"
    assert summary([{"name": name, "made": False, "files": {file: "missing"}}]).startswith(f"0 of 1 there; {advice}")


def test_what_a_run_makes_itself_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = layered(root=ROOT) | {"weights": "results/pretrained"}
    needs = required_weights(resolve(values))
    assert all(need.made for need in needs)
    for name, text in {BASE[0]: yaml.safe_dump(values), BASE[1]: "{}"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert run("list")[0] == 0


def test_listing_imports_no_torch():
    code = "import sys; from glalign.cli.main import main; main(['weights', 'list'], standalone_mode=False)"
    code = f"try:\n {code}\nexcept SystemExit: pass\nprint('torch' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("False")


def test_import_and_fetch_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    torch.save({"x": torch.zeros(1)}, tmp_path / "x.pth")
    code, _ = run("import", "resnet-50", str(tmp_path / "x.pth"))
    assert code == 1
    code, _ = run("import", "resnet50", str(tmp_path / "x.pth"), "--folder", str(tmp_path / "w"))
    assert code == 1
    code, text = run("fetch")
    assert (code, "nothing to fetch" in text, "`--config config/paper.yaml`" in text) == (0, True, True)
    assert read(PAPER)["weights"] == "weights"


@pytest.mark.parametrize(
    "arguments",
    [("fetch", "vgg16"), ("import", "vgg16", "x.pth"), ("fetch", "vgg16", "--folder", "glalign/../glalign/pretrained")],
)
def test_the_packages_own_folder_takes_no_release(monkeypatch, arguments):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, text = run(*arguments)
    assert code == 1
    assert "takes no release; name `--config config/paper.yaml` or `--folder weights`" in text


def test_what_a_reading_needs_is_listed_with_its_system() -> None:
    needs = {need.name: need.users for need in required_weights(overlaid(PAPER, ROOT / "config/sensitivity.yaml"))}
    assert needs["gpt2"] == ("glalign",)
    assert "gpt2" not in {need.name for need in required_weights(overlaid(PAPER))}

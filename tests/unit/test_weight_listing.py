"""The catalogue against the installed libraries, what configurations need, the commands, downloads from a server."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import originals
import pytest
import torch
import yaml
from click.testing import CliRunner
from safetensors import SafetensorError

from glalign.cli import main
from glalign.config import load, read, resolve
from glalign.errors import UserError
from glalign.weights import fetching, importing, state
from glalign.weights.catalogue import Release, Source, catalogue, release_of
from glalign.weights.fetching import fetch_release
from glalign.weights.needed import PARSER, needed, summary
from glalign.weights.state import digest_of, fault

ROOT = Path(__file__).parents[2]
PAPER = [str(ROOT / "config.yaml"), str(ROOT / "config" / "paper.yaml")]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def licence_table() -> str:
    """The Markdown table of docs/weights.md."""
    head = "| name | what | from | MB to download | MB stored | licence | conditions |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(f"{_row(release)}\n" for release in catalogue().values())


def _row(release: Release) -> str:
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
        release = release_of(name)
        assert get_pretrained_cfg(model, tag)["hf_hub"] == f"{release.hub}/"
        assert release.files[0].path in (HF_WEIGHTS_NAME, HF_SAFE_WEIGHTS_NAME)
    for name, weights in (
        ("resnet50", ResNet50_Weights.IMAGENET1K_V1),
        ("resnet50-v2", ResNet50_Weights.IMAGENET1K_V2),
        ("vgg16", VGG16_Weights.IMAGENET1K_V1),
    ):
        (source,) = release_of(name).files
        assert source.url == weights.url
        assert source.name.rpartition("-")[2] == f"{source.sha256}.pth"
        assert source.size == pytest.approx(weights.meta["_file_size"] * 1.048576, abs=0.6)  # they count 2^20 bytes


def test_the_documented_table_is_the_catalogue():
    assert licence_table() in (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")


def test_the_paper_profile_needs_known_releases_and_every_one_has_a_reader():
    needs = {need.name: need for need in needed(load(*PAPER))}
    assert set(needs) == set(catalogue()) - {"phobert-base-v2", "resnet50-v2"}
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
        for need in needed(load(PAPER[0], *overlay)):
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
    options = [part for path in (*PAPER, str(overlay)) for part in ("--config", path)]
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
        ("no_such", "w", "bring w/no_such.safetensors yourself, or correct its name"),
    ],
)
def test_the_summary_proposes_what_can_be_done(monkeypatch, name, folder, advice):
    monkeypatch.chdir(ROOT)
    file = f"{folder}/{name}.safetensors"
    assert summary([{"name": name, "made": False, "files": {file: "missing"}}]).startswith(f"0 of 1 there; {advice}")


def test_what_a_run_makes_itself_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")) | {"weights": "results/pretrained"}
    needs = needed(resolve(values))
    assert all(need.made for need in needs)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    assert run("list")[0] == 0


def test_listing_imports_no_torch():
    code = "import sys; from glalign.cli import main; main(['weights', 'list'], standalone_mode=False)"
    code = f"try:\n {code}\nexcept SystemExit: pass\nprint('torch' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("False")


class Hub(BaseHTTPRequestHandler):
    """The part of the hub's interface that a download uses, and plain files below /plain/."""

    files: ClassVar[dict[str, bytes]] = {}
    cut: ClassVar[bool] = False

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        content = self.files.get(self.path.rpartition("/")[2])
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content[: len(content) // 2] if self.cut else content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch) -> Iterator[str]:
    """A server that stands for the hub; its address."""
    from huggingface_hub import constants  # noqa: PLC0415

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(Hub, "files", {})
    monkeypatch.setattr(Hub, "cut", False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield address
    server.shutdown()
    server.server_close()


def test_the_hubs_files_are_fetched_imported_and_recorded_with_their_commit(hub, tmp_path):
    (tmp_path / "brought").mkdir()
    original = originals.bert(tmp_path / "brought", real=False)
    Hub.files = {path.name: path.read_bytes() for path in original.files}
    fetch_release(original.release, tmp_path / "weights", print)
    original.check(tmp_path / "weights")
    names = sorted(path.name for path in (tmp_path / "weights").iterdir())
    assert names == [f"bert-base-uncased.{end}" for end in ("json", "safetensors", "tokenizer.json")]
    record = json.loads((tmp_path / "weights" / "bert-base-uncased.json").read_text(encoding="utf-8"))
    origins = {entry["origin"] for entry in record["files"].values()}
    assert origins == {f"https://huggingface.co/google-bert/bert-base-uncased at {COMMIT}"}
    assert not any(fault(tmp_path / "weights" / name, "bert-base-uncased") for name in names)


def test_a_file_that_the_hub_lacks_is_named_with_the_way_by_hand(hub, tmp_path):
    with pytest.raises(
        UserError, match=r"tokenizer\.json cannot be fetched.*resolve/\w+/tokenizer\.json.* import xlm-"
    ):
        fetch_release(release_of("xlm-roberta-base"), tmp_path, print)
    assert not list(tmp_path.glob("*.*json"))


def test_a_plain_address_is_fetched_and_its_digest_compared(hub, tmp_path):
    path = tmp_path / "vgg.pth"
    (tmp_path / "brought").mkdir()
    original = originals.vgg(tmp_path / "brought", real=False)
    path = original.files[0]
    Hub.files = {path.name: path.read_bytes()}
    source = Source(url=f"{hub}/plain/{path.name}", sha256=digest_of(path)[:8])
    release = replace(original.release, files=(source,))
    with pytest.raises(UserError, match=r"vgg16\.pth cannot be fetched \(invalid hash"):
        fetch_release(replace(release, files=(replace(source, sha256="00000000"),)), tmp_path / "weights", print)
    Hub.cut = True
    with pytest.raises(UserError, match=r"vgg16\.pth cannot be fetched"):
        fetch_release(release, tmp_path / "weights", print)
    with pytest.raises(UserError, match=r"vgg16\.pth: .*download it again"):
        fetch_release(replace(release, files=(replace(source, sha256=""),)), tmp_path / "weights", print)
    Hub.cut = False
    fetch_release(release, tmp_path / "weights", print)
    original.check(tmp_path / "weights")
    assert not (tmp_path / "weights" / fetching.DOWNLOADS).exists()


@pytest.mark.parametrize("kind", ["hub", "plain"])
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), SafetensorError("No space left on device (os error 28)")])
def test_a_download_outlasts_a_conversion_that_fails(hub, tmp_path, monkeypatch, kind, failure):
    (tmp_path / "brought").mkdir()
    original = (originals.bert if kind == "hub" else originals.vgg)(tmp_path / "brought", real=False)
    Hub.files = {path.name: path.read_bytes() for path in original.files}
    release = original.release
    if kind == "plain":
        release = replace(release, files=(Source(url=f"{hub}/plain/{original.files[0].name}"),))

    def fail(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(importing, "save_file", fail)
        with pytest.raises((KeyboardInterrupt, UserError), match=r"^$|cannot be written \(No space.*free the disk"):
            fetch_release(release, tmp_path / "weights", print)
    Hub.cut = True  # what is downloaded again is torn
    fetch_release(release, tmp_path / "weights", print)
    original.check(tmp_path / "weights")
    assert not (tmp_path / "weights" / fetching.DOWNLOADS).exists()


def test_offline_and_without_a_network_nothing_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match=r"HF_HUB_OFFLINE is set.*ALBEF\.pth.* import albef ALBEF\.pth --folder"):
        fetch_release(release_of("albef"), tmp_path, print)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    release = replace(release_of("albef"), files=(Source(url="http://127.0.0.1:9/ALBEF.pth"),))
    with pytest.raises(UserError, match=r"albef: ALBEF\.pth cannot be fetched \(.*refused.*\); try again, or download"):
        fetch_release(release, tmp_path, print)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_import_and_fetch_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    torch.save({"x": torch.zeros(1)}, tmp_path / "x.pth")
    code, _ = run("import", "resnet-50", str(tmp_path / "x.pth"))
    assert code == 1
    code, _ = run("import", "resnet50", str(tmp_path / "x.pth"), "--folder", str(tmp_path / "w"))
    assert code == 1
    code, text = run("fetch")
    assert (code, "nothing to fetch" in text, "`--config config/paper.yaml`" in text) == (0, True, True)
    assert read(PAPER[1])["weights"] == "weights"


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


def test_a_folder_that_is_a_file_is_one_line(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    done = CliRunner().invoke(main, ["weights", "fetch", "vgg16", "--folder", str(tmp_path / "file")])
    assert done.exit_code == 1 and len(done.output.splitlines()) == 1
    assert "file: no folder to write to (Not a directory); name another with --folder" in done.output

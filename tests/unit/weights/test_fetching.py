"""Downloads from a server that stands for the hub: whole, cut, refused, kept, and without a network."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from click.testing import CliRunner
from helpers import originals
from safetensors import SafetensorError

from glalign.cli.main import main
from glalign.storage.weight_status import cached_sha256, fault
from glalign.support.errors import UserError
from glalign.weights import fetching, importing
from glalign.weights.catalogue import WeightSource, weight_release
from glalign.weights.fetching import fetch_release

COMMIT = "0123456789abcdef0123456789abcdef01234567"


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
    (tmp_path / "downloads").mkdir()
    original = originals.bert(tmp_path / "downloads", real=False)
    Hub.files = {path.name: path.read_bytes() for path in original.files}
    fetch_release(original.release, tmp_path / "weights", print)
    original.check(tmp_path / "weights")
    names = sorted(path.name for path in (tmp_path / "weights").iterdir())
    assert names == [f"bert-base-uncased.{end}" for end in ("json", "safetensors", "tokenizer.json")]
    record = json.loads((tmp_path / "weights" / "bert-base-uncased.json").read_text(encoding="utf-8"))
    origins = {entry["origin"] for entry in record["files"].values()}
    assert origins == {f"https://huggingface.co/google-bert/bert-base-uncased at {COMMIT}"}
    assert record["licence"] == original.release.licence  # fetched from its own address
    assert not any(fault(tmp_path / "weights" / name, "bert-base-uncased") for name in names)


def test_a_file_that_the_hub_lacks_is_named_with_the_way_by_hand(hub, tmp_path):
    with pytest.raises(
        UserError, match=r"tokenizer\.json cannot be fetched.*resolve/\w+/tokenizer\.json.* import xlm-"
    ):
        fetch_release(weight_release("xlm-roberta-base"), tmp_path, print)
    assert not list(tmp_path.glob("*.*json"))


def test_a_plain_address_is_fetched_and_its_digest_compared(hub, tmp_path):
    path = tmp_path / "vgg.pth"
    (tmp_path / "downloads").mkdir()
    original = originals.vgg(tmp_path / "downloads", real=False)
    path = original.files[0]
    Hub.files = {path.name: path.read_bytes()}
    source = WeightSource(url=f"{hub}/plain/{path.name}", sha256=cached_sha256(path)[:8])
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
    (tmp_path / "downloads").mkdir()
    original = (originals.bert if kind == "hub" else originals.vgg)(tmp_path / "downloads", real=False)
    Hub.files = {path.name: path.read_bytes() for path in original.files}
    release = original.release
    if kind == "plain":
        release = replace(release, files=(WeightSource(url=f"{hub}/plain/{original.files[0].name}"),))

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
        fetch_release(weight_release("albef"), tmp_path, print)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    release = replace(weight_release("albef"), files=(WeightSource(url="http://127.0.0.1:9/ALBEF.pth"),))
    with pytest.raises(UserError, match=r"albef: ALBEF\.pth cannot be fetched \(.*refused.*\); try again, or download"):
        fetch_release(release, tmp_path, print)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_is_a_file_is_one_line(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    done = CliRunner().invoke(main, ["weights", "fetch", "vgg16", "--folder", str(tmp_path / "file")])
    assert done.exit_code == 1 and len(done.output.splitlines()) == 1
    assert "file: no folder to write to (Not a directory); name another with --folder" in done.output

"""The wheel works outside a checkout for all that needs none; the other commands say that they need one."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.pedes import make_pedes

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "source").mkdir()
    for name in ("glalign", "baselines", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / "source" / name)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(folder / "source")], check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def glalign(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the installed package in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "glalign", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_there_is_one_package_and_its_data(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"glalign"}
    assert (installed / "glalign/pretrained/tiny_clip.safetensors").is_file()


def test_what_needs_no_checkout_works(installed: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", similarity=np.eye(3), query_ids=np.arange(3), gallery_ids=np.arange(3))
    done = glalign(installed, tmp_path, "evaluate", "s.npz")
    assert "rank1  100" in done.stdout, done.stderr
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("method,rank1\nx,1.00\n", encoding="utf-8")
    assert glalign(installed, tmp_path, "compare", "a.csv", "b.csv").returncode == 0
    make_pedes(tmp_path / "pedes")
    done = glalign(installed, tmp_path, "data", "verify", "cuhk_pedes", "pedes")
    assert "not the official release" in done.stdout, done.stderr
    done = glalign(installed, tmp_path, "weights", "import", "vgg16", "none.pth", "--folder", "weights")
    assert "none.pth" in done.stderr and "checkout" not in done.stderr


@pytest.mark.parametrize("command", ["plan", "memory", "fidelity", "weights list"])
def test_what_needs_a_checkout_says_so(installed: Path, tmp_path: Path, command: str) -> None:
    done = glalign(installed, tmp_path, *command.split())
    assert done.returncode == 1
    assert "needs a checkout of the suite" in done.stderr
    assert "Traceback" not in done.stderr

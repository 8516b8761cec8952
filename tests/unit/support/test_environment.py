"""The lock is complete, hashed and free of this or any machine; every other list of versions, rooms or pages agrees."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from setuptools import find_packages

ROOT = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["tool"]
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


LOCKS = ["requirements.lock", *(f"requirements-{name}.lock" for name in ("cpu", "lint", "site", "slurm"))]


def pins(text: str) -> dict[str, set[str]]:
    """Name -> versions (one per Python where they differ)."""
    found: dict[str, set[str]] = {}
    for name, version in PINNED.findall(text):
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(version)
    return found


def lock(name: str = "requirements.lock") -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_hashed_and_nothing_names_a_machine(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", lock(name).strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|file:|--find-links|--index|^/", lock(name), re.MULTILINE)


@pytest.mark.parametrize(
    ("file", "locked"),
    [(f"requirements{name}.in", f"requirements{name}.lock") for name in ("", "-lint", "-site", "-slurm")],
)
def test_the_lock_has_what_is_asked_for(file: str, locked: str) -> None:
    for name, versions in pins((ROOT / file).read_text(encoding="utf-8")).items():
        assert versions <= pins(lock(locked))[name]


def test_every_library_that_is_imported_is_asked_for() -> None:
    other_names = {"PIL": "pillow", "open_clip": "open-clip-torch", "yaml": "pyyaml"}
    # Of pydantic and of spaCy, which pin them exactly, and back ends that a user installs.
    free = {"glalign", "baselines", "pydantic_core", "thinc", "underthesea", "py_vncorenlp"}
    imported: set[str] = set()
    for path in (path for room in ("glalign", "baselines") for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    wanted = {other_names.get(name, name).replace("_", "-") for name in imported - free - set(sys.stdlib_module_names)}
    for lines in (PYPROJECT["project"]["dependencies"], lock("requirements.in").splitlines()):
        declared = {re.split(r"[^A-Za-z0-9._-]", line)[0].replace("_", "-") for line in lines}
        assert wanted <= declared


def test_the_cpu_lock_lacks_torch_and_cuda_only() -> None:
    missing = set(pins(lock())) - set(pins(lock("requirements-cpu.lock")))
    assert {"torch", "torchvision", "triton"} <= missing
    assert all(re.match(r"torch|triton|nvidia-|cuda-", name) for name in missing)


def test_the_slurm_lock_only_adds_to_the_others() -> None:
    assert not set(pins(lock())) & set(pins(lock("requirements-slurm.lock")))


def test_mypy_reads_pydantic_in_the_version_that_runs() -> None:
    assert pins(lock("requirements-lint.lock"))["pydantic"] == pins(lock())["pydantic"]


def test_the_conda_environments_agree_with_the_lock() -> None:
    rule = yaml.safe_load((ROOT / "workflow/envs/glalign.yaml").read_text(encoding="utf-8"))
    asked = pins("\n".join(rule["dependencies"][-1]["pip"]))
    assert asked
    for name, versions in asked.items():
        assert versions <= pins(lock())[name]
    whole = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert whole["dependencies"][-1] == {"pip": ["-r requirements.lock"]}


def test_a_wheel_has_one_package() -> None:
    packages = find_packages(str(ROOT), **PROJECT["setuptools"]["packages"]["find"])
    assert {name.split(".")[0] for name in packages} == {"glalign"}


def test_every_room_has_a_place_in_the_order_of_imports() -> None:
    rooms = {f"glalign.{path.parent.name}" for path in ROOT.glob("glalign/*/__init__.py")} | {"baselines"}
    assert sorted(PROJECT["importlinter"]["contracts"][0]["layers"]) == sorted(rooms)


def test_the_index_names_every_document() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    documents = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"index.md"}
    assert {name for name in documents if f"]({name})" not in index} == set()

"""The digest of a stage covers what the stage imports, and nothing else moves it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glalign.planning.plan import STAGES
from glalign.storage import code_digest as sources
from glalign.storage.code_digest import code_digest, reachable, weight_digests
from glalign.storage.provenance import provenance, run_digest
from glalign.support import class_source as classes
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
PACKAGE = {
    "__init__.py": "",
    "entry.py": "from packed.lists import WORDS\nimport packed.sub.deep\n\ndef late():\n    from . import lazy\n",
    "lists.py": "DATA_FILES = ('words/*.txt',)\nWORDS = ()\n",
    "lazy.py": "from glalign.support.errors import UserError\n",
    "unused.py": "",
    "sub/__init__.py": "from .. import beside\n",
    "sub/deep.py": "",
    "beside.py": "",
    "words/a.txt": "one\n",
}


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that imports in every way there is."""
    for name, content in PACKAGE.items():
        file = tmp_path / "packed" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "packed"


def digest(entry: str = "packed.entry") -> str:
    """The digest as a new process would find it."""
    for cached in (classes.source_of, classes.tree_of, sources.code_digest, sources._imports):
        cached.cache_clear()
    return code_digest((entry,))


def test_reachable_follows_every_kind_of_import(packed: Path) -> None:
    found = set(reachable(("packed.entry",)))
    assert {
        "packed",
        "packed.entry",
        "packed.lists",
        "packed.lazy",
        "packed.sub",
        "packed.sub.deep",
        "packed.beside",
    } <= found
    assert {"glalign", "glalign.support.errors"} <= found
    assert "packed.unused" not in found


@pytest.mark.parametrize("name", [name for name in PACKAGE if name != "unused.py"])
def test_an_edit_moves_the_digest(packed: Path, name: str) -> None:
    before = digest()
    with (packed / name).open("a", encoding="utf-8") as file:
        file.write("#\n")
    assert digest() != before


def test_touch_and_unreached_files_do_not(packed: Path) -> None:
    before = digest()
    for file in packed.rglob("*.*"):
        os.utime(file)
    (packed / "unused.py").write_text("x = 1\n", encoding="utf-8")
    (packed / "words" / "notes.md").write_text("x\n", encoding="utf-8")
    assert digest() == before


def test_a_system_reaches_its_own_file_and_no_other_baseline() -> None:
    irra = set(reachable(STAGES["fit"].modules("baselines.irra.Irra")))
    assert "baselines.irra" in irra
    assert "baselines.dual_path" not in irra
    assert "glalign.cli.main" not in irra
    assert not [name for name in irra if name.startswith("glalign.planning")], "a planner would rerun every training"


def test_a_missing_entry_is_named() -> None:
    with pytest.raises(UserError, match=r"glalign\.gone"):
        reachable(("glalign.gone",))


CLASSES = {
    "fit": ("baselines.irra.Irra", "baselines.dual_path.DualPath", "glalign.models.glalign.GLAlign"),
    "predict": ("baselines.irra.Irra", "glalign.evaluation.reference.OracleScores"),
}
RUNS = [(stage, path) for stage in STAGES for path in CLASSES.get(stage, (None,))]
LOADED = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([name for name in sys.modules if name.split(".")[0] in ("glalign", "baselines")]))
"""


@pytest.mark.parametrize(("stage", "path"), RUNS)
def test_the_digest_covers_what_a_stage_loads(stage: str, path: str | None) -> None:
    """What importing the stage's modules loads; the imports inside functions are covered by the walk's own tests."""
    modules = STAGES[stage].modules(path)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *modules], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) <= set(reachable(modules))


def test_a_missing_weight_file_names_file_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "tiny_clip.safetensors").write_bytes(b"\x02" + bytes(7) + b"{}")
    assert weight_digests([str(tmp_path / "tiny_clip.safetensors")]).startswith("tiny_clip.safetensors=411a4852")
    with pytest.raises(UserError, match=r"clip\.safetensors: no such weight file .* has tiny_clip.*snakemake pretrain"):
        weight_digests([str(tmp_path / "clip.safetensors")])
    for name in ("x.vocab.txt", "x.bpe.codes", "x.tokenizer.json"):
        with pytest.raises(UserError, match=rf"{name}: no such vocabulary; `glalign weights list`.*fetch"):
            weight_digests([str(tmp_path / name)])
    with pytest.raises(UserError, match=r"x\.json: no such record; `glalign weights list`"):
        weight_digests([str(tmp_path / "x.json")])


def test_a_vocabulary_counts_once_and_with_the_record_of_its_name(tmp_path: Path) -> None:
    paths = [tmp_path / f"x.{ending}" for ending in ("vocab.txt", "bpe.codes", "tokenizer.json")]
    for path in paths:
        path.write_text("{}", encoding="utf-8")
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    names = [entry.partition("=")[0] for entry in weight_digests(map(str, paths)).split(" ")]
    assert names == ["x.vocab.txt", "x.json", "x.bpe.codes", "x.tokenizer.json"]


def test_a_half_downloaded_weight_file_is_told_while_planning(tmp_path: Path) -> None:
    path = tmp_path / "clip-vit-b-32.safetensors"
    path.write_bytes((ROOT / "glalign" / "pretrained" / "tiny_clip.safetensors").read_bytes()[:-1])
    with pytest.raises(
        UserError, match=rf"clip-vit-b-32\.safetensors: torn: .* fetch clip-vit-b-32 --folder {tmp_path}`"
    ):
        weight_digests([str(path)])


def test_provenance_has_no_time_host_or_absolute_path() -> None:
    record = provenance({"a": 1}, "code")
    assert record == provenance({"a": 1}, "code")
    assert record["versions"]["torch"]
    assert str(Path.home()) not in json.dumps(record)
    assert run_digest({"a": 1, "b": 2}, "x") == run_digest({"b": 2, "a": 1}, "x") != run_digest({"a": 1, "b": 2}, "y")

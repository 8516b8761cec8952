"""A job of phrases runs without torch, and leaves it importable."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from glalign.contract.records import Record, write_manifest

JOB = """
import sys
from pathlib import Path
from glalign.contract.specs.data import PhrasesSpec
from glalign.language.phrases import make_phrases
make_phrases(PhrasesSpec.model_validate_json(sys.argv[1]), Path(sys.argv[2]))
print("torch" in sys.modules)
import torch
print(torch.ones(2).sum().item())
"""
CAPTIONS = {"en": "A woman in a red shirt.", "vi": "Một người phụ nữ mặc áo đỏ."}


@pytest.mark.parametrize("language", CAPTIONS)
def test_phrases_are_found_without_torch_which_can_still_be_imported(tmp_path: Path, language: str) -> None:
    manifest, phrases = tmp_path / "m.jsonl", tmp_path / "p.jsonl"
    write_manifest(manifest, [Record("a.png", 1, "train", (CAPTIONS[language],))])
    spec = {"manifest": str(manifest), "language": language, "chunker": "spacy", "segmenter": None}
    spec |= {"lexicon": "repaired", "match": "words", "several": "nearest"}
    command = [sys.executable, "-c", JOB, json.dumps(spec), str(phrases)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "2.0"]
    (row,) = map(json.loads, phrases.read_text(encoding="utf-8").splitlines())
    assert [phrase["region"] for phrase in row["phrases"]] == [None, "UPPERBODY"]

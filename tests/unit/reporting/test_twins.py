"""The table of the tiny twins."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from glalign.reporting.twins import parameters, twins_table
from glalign.storage.weight_status import PRETRAINED
from glalign.support.errors import UserError


def test_every_shipped_twin_with_a_course_is_shown() -> None:
    lines = twins_table(PRETRAINED).splitlines()[2:]
    named = {"albef", "bert", "clip", "gpt2", "multilingual", "phobert", "resnet", "vgg"}
    assert {line.split()[0] for line in lines} == {f"tiny_{name}" for name in named}


def test_a_row_has_size_reading_figure_and_what_the_last_quarter_added(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(3, 4), "b": torch.zeros(())}, tmp_path / "tiny_x.safetensors")
    course = [{"step": step, "held_out_rank1": value} for step, value in ((5, 10.0), (15, 40.0), (20, 43.5))]
    record = {"recipe": {"kind": "clip", "steps": 20, "sampling": "pairs", "data": {"batch_size": 64}}}
    record["record"] = {"course": course}
    (tmp_path / "tiny_x.json").write_text(json.dumps(record), encoding="utf-8")
    assert parameters(tmp_path / "tiny_x.safetensors") == 13
    row = twins_table(tmp_path).splitlines()[-1]
    assert row.split() == ["tiny_x", "clip", "13", "1,280", "pairs", "Rank-1", "43.5", "3.5"]
    record["record"]["held_out_rank1"] = {"en": 40.0, "vi": 47.0}
    (tmp_path / "tiny_x.json").write_text(json.dumps(record), encoding="utf-8")
    assert "Rank-1 43.5 (en 40.0, vi 47.0)" in twins_table(tmp_path)


def test_a_folder_without_twins_and_a_torn_twin_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no record of a twin"):
        twins_table(tmp_path)
    shutil.copy(PRETRAINED / "tiny_vgg.json", tmp_path)
    (tmp_path / "tiny_vgg.safetensors").write_bytes((PRETRAINED / "tiny_vgg.safetensors").read_bytes()[:1000])
    with pytest.raises(UserError, match="tiny_vgg"):
        twins_table(tmp_path)

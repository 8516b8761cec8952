"""Partitions are checked against what `sinfo` says; here a stand-in says it."""

from pathlib import Path

import pytest

from glalign.cli.cluster import check_partitions
from glalign.support.errors import UserError


@pytest.fixture
def sinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster with the partitions batch and gpu."""
    program = tmp_path / "sinfo"
    program.write_text("#!/bin/sh\nprintf 'batch\\ngpu\\ngpu\\n'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return program


def test_known_partitions_pass(sinfo: Path) -> None:
    check_partitions(["gpu", "batch,gpu"])
    check_partitions([])


def test_an_unknown_partition_is_named_with_the_nearest(sinfo: Path) -> None:
    with pytest.raises(UserError, match=r"no partition 'gpus'; did you mean 'gpu'\?.*--set-resources"):
        check_partitions(["batch", "gpu,gpus"])
    with pytest.raises(UserError, match=r"no partition 'x'; known: batch, gpu"):
        check_partitions(["x"])


def test_no_answer_says_where_to_start_the_run(sinfo: Path) -> None:
    sinfo.write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2; exit 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"^sinfo: Unable to contact slurm controller; start the run where"):
        check_partitions(["gpu"])
    sinfo.unlink()
    with pytest.raises(UserError, match="login node"):
        check_partitions(["gpu"])

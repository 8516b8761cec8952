"""Several processes train as one does: the same loss, gradients, queues and statistics."""

import json
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from helpers.processes import ended, start_fit, started
from helpers.training import zero_steps

from glalign.config.loading import layered, merge, overlaid, resolve
from glalign.config.training import Budget, Memory, Optim, Runtime
from glalign.contract.specs.training import FitSpec
from glalign.engine.distributed import joined
from glalign.engine.fit import fit
from glalign.gpu_check.one_step import one_step, result_file
from glalign.storage.weight_files import PRETRAINED, read_weights
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
FIRST = ("glalign", "irra", "rasa", "vitaa")
OTHERS = ("clip_zero_shot", "dual_path", "glalign/vi", "gna_rnn", "m_irra", "plot", "srcf", "tbps_clip", "tbps_clip/vi")


def two_processes(folder: Path, names: tuple[str, ...]) -> Path:
    status, said = ended(started(2, "-m", "glalign.gpu_check.one_step", str(folder), "cpu", *names))
    assert status == 0, said
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_processes(tmp_path_factory.mktemp("first"), FIRST)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_processes(tmp_path_factory.mktemp("others"), OTHERS)


def compare(name: str, folder: Path) -> None:
    alone = one_step(name)
    mine, theirs = (torch.load(result_file(folder, name, rank), weights_only=True) for rank in (0, 1))
    for kind, values in alone.items():
        assert values.keys() == mine[kind].keys() == theirs[kind].keys()
        for key, value in values.items():
            assert torch.equal(mine[kind][key], theirs[kind][key]), f"{kind} {key}: the processes differ"
            torch.testing.assert_close({key: mine[kind][key]}, {key: value}, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", FIRST)
def test_two_processes_are_one(name: str, first: Path) -> None:
    compare(name, first)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_two_processes_are_one_for_every_system(name: str, others: Path) -> None:
    compare(name, others)


def spec_of(pedes: Path, folder: Path, **changes: Any) -> FitSpec:
    """Three steps of CLIP on the dataset at `pedes`, in two processes."""
    budget = Budget(steps=3, validate_every=2, checkpoint_every=2, log_every=1)
    values = {"processes": 2, "optim": Optim(name="sgd", lr=0.1), "budget": budget, **changes}
    return zero_steps(pedes, folder, "last", **values)


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"memory": Memory(accumulate=2), "runtime": Runtime(prefetch=2)}])
def test_a_training_of_two_processes_ends_as_that_of_one(more: Any, pedes: Path, tmp_path: Path) -> None:
    spec = spec_of(pedes, tmp_path, **more)
    status, said = ended(start_fit(spec, tmp_path / "two"))
    assert status == 0, said
    fit(spec.model_copy(update={"processes": 1}), tmp_path / "one", "code")
    (two, _), (one, _) = (read_weights(tmp_path / name / "model.safetensors") for name in ("two", "one"))
    given, _ = read_weights(PRETRAINED / "tiny_clip.safetensors")
    given.pop("logit_scale")  # the system's own parameter
    assert max(float((one[f"towers.{name}"] - value).abs().max()) for name, value in given.items()) > 1e-3
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6)
    files = ["model.safetensors", "run.json", "train.jsonl"]
    assert sorted(file.name for file in (tmp_path / "two").iterdir()) == files
    lines, alone = ((tmp_path / name / "train.jsonl").read_text("utf-8").splitlines() for name in ("two", "one"))
    assert len(lines) == len(alone) == 5
    for mine, other in zip(map(json.loads, lines), map(json.loads, alone), strict=True):
        assert mine == pytest.approx(other, rel=1e-4)
    assert (tmp_path / "two.log").read_text("utf-8").count("3 step") == 1, "only the first process says how far it is"


@pytest.mark.slow
def test_an_error_is_said_once_and_ends_every_process(pedes: Path, tmp_path: Path) -> None:
    spec = spec_of(pedes, tmp_path, model={"backbone": "tiny/clip", "weights": "nowhere"})
    status, said = ended(start_fit(spec, tmp_path / "run"))
    assert status != 0
    assert said.count("error: ") == 1, said
    assert (tmp_path / "run.log").read_text("utf-8").count("nowhere.safetensors") == 1
    assert not (tmp_path / "run" / ".lock").exists()


@pytest.mark.slow
def test_a_killed_process_ends_the_others_and_the_training_goes_on_as_the_same(pedes: Path, tmp_path: Path) -> None:
    budget = Budget(steps=60, validate_every=20, checkpoint_every=5)
    spec = spec_of(pedes, tmp_path, budget=budget)
    assert ended(start_fit(spec, tmp_path / "whole"))[0] == 0
    out = tmp_path / "cut"
    program = start_fit(spec, out)
    while not (out / "checkpoint.pt").exists():
        assert program.poll() is None
        time.sleep(0.02)
    psutil.Process(program.pid).children()[-1].kill()
    assert ended(program)[0] != 0
    status, said = ended(start_fit(spec, out))
    assert status == 0, said
    assert "resumed at step" in said
    assert (out / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


PARTS = """
import torch
from torch import nn
from glalign.engine.distributed import Buckets, joined, summed_gradients
from glalign.models.data_parallel import processes, run_sharded

def gradients(net, batches, sizes):
    net.zero_grad()
    for number, batch in enumerate(batches, start=1):
        spread = lambda x, count: net["conv"](x).flatten(1).repeat_interleave(count, dim=0)
        rows = run_sharded(spread, batch, sizes, sizes=sizes)
        assert rows.shape == (int(sizes.sum()), 12)
        loss = net["head"](rows).square().sum()
        if number == 1:
            loss = loss + net["early"](batch.mean((1, 2, 3))[:, None]).sum()
        with summed_gradients(net.parameters() if number == len(batches) else (), bucket=200):
            (loss / processes()).backward()
    return [None if p.grad is None else p.grad.clone() for p in net.parameters()]

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
layers = {"conv": nn.Conv2d(2, 3, 2), "early": nn.Linear(1, 2), "unused": nn.Linear(3, 3), "head": nn.Linear(12, 9)}
net = nn.ModuleDict(layers)
net["conv"].to(memory_format=torch.channels_last)
net["head"].bias.requires_grad_(False)
batches, sizes = torch.randn(2, 7, 2, 3, 3).unbind(), torch.tensor([0, 0, 3, 1, 0, 2, 2])
alone = gradients(net, batches, sizes)
sums, begin = [], Buckets._begin_sum
Buckets._begin_sum = lambda self: (sums.append(len(self._waiting)), begin(self))[1]
with joined(3, "cpu"):
    found = gradients(net, batches, sizes)
    assert [p is None for p in found] == [p is None for p in alone] == [0, 0, 0, 0, 1, 1, 0, 1], found
    for one, three in zip(alone, found):
        one is None or torch.testing.assert_close(three, one, rtol=1e-9, atol=1e-12)
    assert net["conv"].weight.grad.stride() == net["conv"].weight.stride()
    # The sums of the head and of the convolution begin during the backward pass, that of the early layer after it.
    assert sums == [1, 2, 2], sums
    none = run_sharded(lambda x, count: x.repeat_interleave(count, dim=0), batches[0], 0 * sizes, sizes=0 * sizes)
    assert none.shape == (0, 2, 3, 3)
"""


def test_gradients_are_summed_in_parts_whatever_a_step_uses(tmp_path: Path) -> None:
    """Three processes: one has no rows, a layer is used in the first part of a batch alone, one never."""
    program = tmp_path / "parts.py"
    program.write_text(PARTS, encoding="utf-8")
    status, said = ended(started(3, str(program)))
    assert status == 0, said


@pytest.mark.slow
def test_weights_that_differ_stop_the_training(tmp_path: Path) -> None:
    program = tmp_path / "apart.py"
    program.write_text(
        "import os\nfrom torch import nn\nfrom glalign.engine.distributed import check_agreement, joined\n"
        "layer = nn.Linear(1, 1)\nnn.init.constant_(layer.weight, 1.0)\nnn.init.zeros_(layer.bias)\n"
        "with joined(2, 'cpu'):\n    check_agreement(layer)\n"
        "    layer.weight.data += 2e-7 * int(os.environ['RANK'])\n"
        "    check_agreement(layer)\n",
        encoding="utf-8",
    )
    status, said = ended(started(2, str(program)))
    assert status != 0
    assert said.count("UserError: processes: they hold different weights (sums 1.0, 1.0000002") == 1, said


def test_another_number_of_processes_than_configured() -> None:
    with (
        pytest.raises(UserError, match=r"processes: 2 in the configuration, 1 started; `torchrun .* 2 "),
        joined(2, "cpu"),
    ):
        pass


def test_processes_share_a_batch_evenly_and_leave_the_learning_rate() -> None:
    values = layered(root=ROOT)
    with pytest.raises(UserError, match=r"batch_size: 64 pairs are no multiple of the 3 processes"):
        resolve(merge(values, {"processes": 3}))
    rates = [
        {name: entry.optim.lr for name, entry in config.systems.items() if entry.optim}
        for config in (resolve(merge(values, {"processes": 4})), overlaid(root=ROOT))
    ]
    assert rates[0] == rates[1]

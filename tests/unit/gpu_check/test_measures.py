"""Speed, memory, waits, loader and ranks: the arithmetic and the verdicts, with a GPU's answers put in by hand."""

import warnings
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from glalign.config.loading import overlaid
from glalign.cost.cost_table import Cost
from glalign.data import deferred
from glalign.engine.memory import GIB, Peak
from glalign.gpu_check import original_step, plain_loop, ranks
from glalign.gpu_check.device import check_device
from glalign.gpu_check.lines import Setting
from glalign.gpu_check.loader import check_loader
from glalign.gpu_check.original_step import RUNTIMES, arithmetic_of, check_original, memory_line
from glalign.gpu_check.originals import Original, original_systems, read_config
from glalign.gpu_check.plain_loop import check_engine
from glalign.gpu_check.ranks import check_ranks
from glalign.gpu_check.synchronisations import SAYS, synchronisations
from glalign.gpu_check.timing import seconds_of
from glalign.gpu_check.trainings import random_training
from glalign.support.checkout import suite_file

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
SMALL = original_systems(read_config(small=True))
pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_original_has_counted_multiply_adds() -> None:
    originals = original_systems(read_config(small=False))
    assert {"glalign", "irra", "rasa", "pham2021", "glalign/vi"} <= originals.keys()
    assert [name for name, one in originals.items() if one.cost is None] == []
    irra = originals["irra"]
    assert (irra.pairs, irra.flops) == (64, 2.0 * 64 * 56450217984)


def test_a_step_computes_as_in_the_paper_profile_and_as_in_the_fast_one() -> None:
    here = {"portable", "prefetch", "image_cache"}  # of the CPU and of the loader
    for name, profile in (("fp32", "paper"), ("bf16", "paper_fast")):
        expected = overlaid(suite_file(f"config/{profile}.yaml")).runtime
        assert RUNTIMES[name].model_dump(exclude=here) == expected.model_dump(exclude=here)
        one = SMALL["irra"]
        model = one.build()
        training = random_training(model, one.spec.optim, one.batches(model, 5), 1, CPU, RUNTIMES[name])
        assert training.length_buckets == expected.length_buckets


def test_a_step_has_seconds_and_arithmetic() -> None:
    here = Setting(CPU, small=True)
    memory, fp32, bf16 = check_original(SMALL["glalign"], here)
    assert (memory.verdict, fp32.verdict, bf16.verdict) == ("left out", "ok", "ok")
    assert fp32.values["tflops"] == pytest.approx(SMALL["glalign"].flops / fp32.values["seconds"] / 1e12)
    assert here.pairs_per_second.keys() == {"glalign fp32", "glalign bf16"}


def test_the_share_of_a_card_is_that_of_its_data_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(0, 0, 0, 0, 0, 0, pair=10**12)
    one = Original("x", SMALL["irra"].entry, SMALL["irra"].spec, cost)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA A100-SXM4-80GB")
    text, values = arithmetic_of(one, 2.0 * one.pairs / 15.6, "bf16", Setting(CUDA))
    assert values == {"tflops": pytest.approx(15.6), "peak": 312.0, "mfu": pytest.approx(0.05)}
    assert "5.0% of the bf16 peak of 312" in text
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "another card")
    assert arithmetic_of(one, 1.0, "bf16", Setting(CUDA))[1]["mfu"] is None
    assert "never counted" in arithmetic_of(Original("x", one.entry, one.spec, None), 1.0, "fp32", Setting(CUDA))[0]


@pytest.mark.parametrize(("found", "verdict"), [(4.0, "ok"), (1.0, "ok"), (4.5, "differs")])
def test_an_estimate_that_is_too_low_differs(found: float, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"max_memory_allocated": found * GIB + 1000, "max_memory_reserved": 5 * GIB}
    for name, value in {**held, "empty_cache": None, "reset_peak_memory_stats": None}.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value: value)
    one = SMALL["clip_zero_shot"]
    line = memory_line(one, one.build(), Peak(GIB, GIB, GIB, GIB, 64, 1.0), 1000, CPU)
    assert line.verdict == verdict
    assert line.values["share"] == pytest.approx(found / 4)


def test_what_does_not_fit_is_said_with_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(original_step, "step_line", full)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, 8 * GIB))
    *_, line = check_original(SMALL["clip_zero_shot"], Setting(CPU, small=True))
    assert line.verdict == "does not fit"
    assert "the card has 8.0 GiB" in line.text


def test_waits_are_counted_by_place(monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[str] = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def step() -> None:
        for _ in range(3):
            warnings.warn(SAYS, stacklevel=1)
        warnings.warn("another matter", stacklevel=1)
        warnings.warn(f"{SAYS} (Triggered internally)", stacklevel=1)

    found = synchronisations(step)
    assert sorted(found.values()) == [1, 3]
    assert all(place.startswith("gpu_check/test_measures.py:") for place in found)
    assert modes == ["warn", "default"]


def test_an_engine_that_costs_too_much_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    for engine, verdict in ((0.12, "ok"), (0.13, "differs")):
        taken = iter([engine, 0.1] * plain_loop.ROUNDS)
        monkeypatch.setattr(plain_loop, "seconds_of", lambda *_, taken=taken: next(taken))
        (line,) = check_engine(SMALL["clip_zero_shot"], Setting(CPU))
        assert line.verdict == verdict
        assert line.values["ratio"] == pytest.approx(10 * engine)


def test_both_loops_do_a_step() -> None:
    (line,) = check_engine(SMALL["glalign"], Setting(CPU, small=True))
    assert line.values["engine"] > 0 < line.values["plain"]


def test_timed_calls_come_after_warm_ones_and_stay_in_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: list[int] = []
    clock = iter([0.0, 2.0, 10.0, 16.0])
    monkeypatch.setattr("glalign.gpu_check.timing.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert seconds_of(numbers.append, CPU, 6.0) == 2.0
    assert numbers == list(range(6))  # two warm ones, one that tells the time, three


def test_a_loader_that_is_slower_than_a_step_differs() -> None:
    for demand, verdict in ((1e-3, "ok"), (1e9, "differs")):
        here = Setting(CPU, small=True, pairs_per_second={"glalign bf16": demand})
        (line,) = check_loader(SMALL["glalign"], here)
        assert (line.verdict, line.values["demand"]) == (verdict, {"bf16": demand})
    (line,) = check_loader(SMALL["glalign"], Setting(CPU, small=True))
    assert "no step was measured" in line.text


def test_pixels_that_a_device_changes_otherwise_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = check_loader(SMALL["irra"], Setting(CPU, small=True))
    assert line.verdict == "ok" and line.values["other_pixels"] < 1e-3
    monkeypatch.setattr(deferred, "GREY", (0.3, 0.3, 0.4))
    (line,) = check_loader(SMALL["irra"], Setting(CPU, small=True))
    assert line.verdict == "differs"


def test_ranks_of_other_scores_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = check_ranks(700, 90, Setting(CPU))
    assert line.verdict == "ok"

    class Rounded(ranks.Given):
        def similarity(self, texts: Any, images: Any) -> torch.Tensor:
            return super().similarity(texts, images).bfloat16()

    made = iter([Rounded(), ranks.Given()])  # the device's, then the CPU's
    monkeypatch.setattr(ranks, "Given", lambda: next(made))
    (line,) = check_ranks(700, 90, Setting(CPU))
    assert line.verdict == "differs"


def test_a_gpu_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    about = SimpleNamespace(name="NVIDIA H100 PCIe", major=9, minor=0, multi_processor_count=114)
    answers = {"get_device_properties": about, "mem_get_info": (70 * GIB, 80 * GIB), "is_bf16_supported": True}
    for name, value in {**answers, "device_count": 2}.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value: value)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    device, versions = check_device(Setting(CUDA))
    assert device.values["name"] == "NVIDIA H100 PCIe"
    assert device.values["peaks (fp32, tf32, bf16)"] == [51.0, 378.0, 756.0]
    assert (device.verdict, versions.verdict) == ("ok", "ok")
    assert {"torch", "CUDA", "cuDNN", "driver", "NCCL"} <= versions.values.keys()
    monkeypatch.setattr(torch, "__version__", "2.8.1+cu128")
    assert [line.verdict for line in check_device(Setting(CPU))] == ["ok", "differs"]

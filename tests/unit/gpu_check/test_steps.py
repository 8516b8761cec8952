"""The step and the resumed training: what is equal is ok, a planted fault differs, roundings are smaller."""

from typing import Any

import pytest
import torch

from glalign.config.loading import overlaid
from glalign.contract.retriever import Retriever
from glalign.gpu_check import resume, step
from glalign.gpu_check.differences import furthest
from glalign.gpu_check.lines import Setting
from glalign.gpu_check.resume import check_resume
from glalign.gpu_check.step import CPU, TOLERANCE, check_step, in_double, step_of
from glalign.gpu_check.systems import build, distinct_systems, trainable_systems

CONFIG = overlaid()
SYSTEMS = distinct_systems(CONFIG)
HERE = Setting(CPU, small=True)
TERMS = 0  # of what a step returns; then its gradients
pytestmark = pytest.mark.usefixtures("one_thread")


def test_ablations_and_languages_with_the_same_network_are_checked_once() -> None:
    everything = trainable_systems(CONFIG)
    assert {"glalign_local", "pham2022/vi", "glalign/vi"} <= everything.keys()
    assert everything.keys() - SYSTEMS.keys() >= {"glalign_local", "glalign_global", "pham2022/vi", "pham2021/vi"}
    assert SYSTEMS.keys() >= {"glalign", "glalign/vi", "tbps_clip/vi", "pham2021", "rasa"}


def test_a_device_that_is_the_cpu_is_equal_to_it() -> None:
    lines = list(check_step("clip_zero_shot", SYSTEMS["clip_zero_shot"], HERE))
    assert [line.verdict for line in lines] == ["ok", "ok", "ok"]
    assert lines[0].values["gradients"] == lines[0].values["loss"] == 0.0
    assert [line.values["precision"] for line in lines[1:]] == ["bf16", "fp16"]
    assert lines[1].values["loss"] > 0.0


def test_a_weight_that_is_another_on_the_device_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def changed(*arguments: Any, **named: Any) -> Retriever:
        model = build(*arguments, **named)
        if not built:
            next(model.parameters()).data[:1] *= 1.5
        built.append(model)
        return model

    monkeypatch.setattr(step, "build", changed)
    first, *_ = check_step("clip_zero_shot", SYSTEMS["clip_zero_shot"], HERE)
    assert first.verdict == "differs"
    assert first.values["gradients"] > TOLERANCE


def test_low_precision_that_is_far_or_not_finite_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "low_loss", lambda entry, device, precision: (float("nan"), True))
    assert [line.verdict for line in check_step("irra", SYSTEMS["irra"], HERE)] == ["ok", "differs", "differs"]
    exact = float(sum(step_of(SYSTEMS["irra"], CPU)[0].values()))
    monkeypatch.setattr(step, "low_loss", lambda entry, device, precision: (exact, precision == "fp16"))
    assert [line.verdict for line in check_step("irra", SYSTEMS["irra"], HERE)] == ["ok", "differs", "ok"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_float32_rounds_less_than_a_device_may_differ(name: str) -> None:
    rounded, exact = step_of(SYSTEMS[name], CPU), step_of(SYSTEMS[name], CPU, torch.float64)
    for kind, pair in enumerate(zip(rounded, exact, strict=True)):
        if kind == TERMS or not in_double(SYSTEMS[name]):
            assert furthest(*pair).share < TOLERANCE / 10


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_change_as_small_as_a_rounding_moves_the_gradients_in_double_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, moved = step_of(SYSTEMS[name], CPU, torch.float64)[1], []
    for seed in range(10):
        stream = torch.Generator().manual_seed(seed)

        def changed(*arguments: Any, stream: torch.Generator = stream, **named: Any) -> Retriever:
            model = build(*arguments, **named)
            for parameter in model.parameters():
                parameter.data *= 1 + 1e-7 * torch.randn(parameter.shape, generator=stream)
            return model

        monkeypatch.setattr(step, "build", changed)
        moved.append(furthest(step_of(SYSTEMS[name], CPU, torch.float64)[1], exact).share)
    assert (max(moved) > TOLERANCE) == in_double(SYSTEMS[name])
    assert in_double(SYSTEMS[name]) or max(moved) < TOLERANCE / 100


def test_a_gradient_whose_kink_rounding_decides_is_compared_in_float64() -> None:
    assert [name for name, entry in SYSTEMS.items() if in_double(entry)] == ["dual_path", "pham2022", "plot"]
    line, *_ = check_step("dual_path", SYSTEMS["dual_path"], HERE)
    assert line.verdict == "ok"
    assert "float64" in line.text


def test_a_resumed_training_is_equal_unless_a_state_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = check_resume("rasa", SYSTEMS["rasa"], HERE)
    assert line.verdict == "ok"
    whole = resume.states
    monkeypatch.setattr(resume, "states", lambda training: {"model": whole(training)["model"]})
    (line,) = check_resume("rasa", SYSTEMS["rasa"], HERE)
    assert line.verdict == "differs"


def test_a_training_that_changes_nothing_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "advance", lambda training, steps: None)
    (line,) = check_resume("irra", SYSTEMS["irra"], HERE)
    assert line.verdict == "differs"
    assert "changes no weight" in line.text

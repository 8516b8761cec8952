"""The peak memory of trainings, estimated without data and pre-trained weights: `glalign memory`."""

import gc
from collections.abc import Iterator, Sequence

import torch

from glalign.config.loading import Config
from glalign.contract.specs.training import StepSpec
from glalign.cost.size import build_with_stand_ins
from glalign.engine.memory import bytes_of, estimate, judge
from glalign.planning.cost_stages import build_spec
from glalign.planning.printed_tables import read_published
from glalign.planning.system_stages import trained_systems
from glalign.support.checkout import suite_file
from glalign.support.errors import UserError, suggestion
from glalign.support.torch_settings import prepare


def estimate_peak_memory(config: Config, systems: Sequence[str], language: str, gpu: str | None) -> Iterator[str]:
    """Yield a line per system, as it is for captions of a language; `systems` is empty for all that are trained.

    gpu: size of a GPU's memory; None for no limit. Raises: UserError for a name that is no trained system, and at the
    end if a training does not fit.
    """
    room = bytes_of(gpu) if gpu else float("inf")
    known = {name: entry for name, entry in trained_systems(config).items() if language in entry.languages}
    for name in systems:
        if name not in known:
            raise UserError(f"{name}: no system that is trained on captions in {language}; {suggestion(name, known)}")
    runtime = config.runtime
    if runtime.precision == "fp16":  # very slow on a CPU, and bf16 numbers have the same size
        runtime = runtime.model_copy(update={"precision": "bf16"})
    published, device, large = read_published(suite_file("paper/parameters.csv")), prepare(1, "cpu"), 0
    for name in systems or [name for name, entry in known.items() if entry.budget and entry.budget.steps != 0]:
        entry = config.entry(name, language)
        build = build_spec(name, entry, published.get(name, {}), config.vocabularies)
        spec = StepSpec(system=name, data=build.data, optim=build.optim, memory=entry.memory, runtime=runtime)
        with torch.random.fork_rng(devices=[]):
            model = build_with_stand_ins(build)
            peak = estimate(model, spec, device)
        yield f"{name:16} {peak}"
        try:
            judge(peak, room, spec, model)
        except UserError as error:
            yield f"{'':16} {error}"
            large += 1
        del model
        gc.collect()  # wrapped layers refer to themselves
    if large:
        raise UserError(f"--gpu {gpu}: {large} of the trainings are too large for it")

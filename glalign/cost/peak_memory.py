"""The peak memory of trainings, without data and pre-trained weights: `glalign memory`."""

import gc
from collections.abc import Iterator, Sequence

import torch

from glalign.config.data_section import DataOptions
from glalign.config.loading import Config
from glalign.cost.size import with_stand_ins
from glalign.engine.memory import bytes_of, estimate, judge
from glalign.planning.ledger_jobs import built_alone, trained
from glalign.planning.printed_tables import read_published
from glalign.support.errors import UserError, suggestion
from glalign.support.torch_settings import prepare


def estimate_peak_memory(config: Config, systems: Sequence[str], language: str, gpu: str | None) -> Iterator[str]:
    """A line per system (all that are trained, if none is named) as it is for captions of a language.

    gpu: size of a GPU's memory. Raises: UserError for a name that is no trained system, and at the end if a training
    does not fit.
    """
    room = bytes_of(gpu) if gpu else None
    known = {name: entry for name, entry in trained(config).items() if language in entry["languages"]}
    for name in systems:
        if name not in known:
            raise UserError(f"{name}: no system that is trained on captions in {language}; {suggestion(name, known)}")
    # A CPU computes fp16 at a crawl, and bf16 has numbers of the same size.
    precision = "bf16" if config["runtime"]["precision"] == "fp16" else config["runtime"]["precision"]
    runtime = {**config["runtime"], "precision": precision}
    published, device, large = read_published("paper/parameters.csv"), prepare(1, "cpu"), 0
    for name in systems or [name for name, entry in known.items() if entry["budget"]["steps"] != 0]:
        entry = config.entry(name, language)
        spec = built_alone(name, entry, published.get(name, {}), config["vocabularies"])
        spec |= {"memory": entry["memory"], "runtime": runtime}
        with torch.random.fork_rng(devices=[]):
            model = with_stand_ins(spec, DataOptions.from_config(spec["data"], f"systems.{name}.data"))
            peak = estimate(model, spec, device)
        yield f"{name:16} {peak}"
        try:
            judge(peak, room or float("inf"), spec, model)
        except UserError as error:
            yield f"{'':16} {error}"
            large += 1
        del model
        gc.collect()  # wrapped layers refer to themselves
    if large:
        raise UserError(f"--gpu {gpu}: {large} of the trainings are too large for it")

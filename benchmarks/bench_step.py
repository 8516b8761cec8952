"""CPU time of a training step of any system, by parts: its batch, forward and backward pass, optimiser and the rest.

python benchmarks/bench_step.py [SYSTEM[/TRAINSET] ...] [--configfile FILE ...] [--steps N] [--top K]

SYSTEM is a system of the configuration (default: all), trained on the first of its training sets unless one is named;
the configuration is the demo unless a profile's file is given. Run it where the workflow has made the datasets, label
maps and phrases that a training reads. One thread; the lower quartile over N steps from the middle of the training on,
where every loss counts, with all images decoded before. --top: also the K operators that take most time, with their own
time in a step.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

from glalign.config.loading import overlaid
from glalign.contract.retriever import Retriever
from glalign.contract.specs.training import FitSpec
from glalign.contract.training_info import TrainingInfo
from glalign.data.pairs import Pairs
from glalign.data.training_data import TrainingData
from glalign.engine.fit import make_training
from glalign.engine.training import Training
from glalign.planning.plan import plan_of
from glalign.support.dotted_names import class_named
from glalign.support.torch_settings import prepare

PARTS = ("batch", "forward", "backward", "optimiser")
WARM_UP = 5


def main() -> None:
    """Print one line for each training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*")
    parser.add_argument("--configfile", nargs="*", default=[], type=Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--top", type=int, default=0)
    given = parser.parse_args()
    jobs = plan_of(overlaid(*given.configfile)).jobs["fit"]
    chosen: dict[str, FitSpec] = {}
    for key, job in jobs.items():
        system, trainset, _ = key.split("/")
        for name in given.systems or [system]:
            if name in (system, f"{system}/{trainset}"):
                chosen.setdefault(name, job.spec)
    print(f"{'CPU ms a step':28}", *(f"{name:>10}" for name in (*PARTS, "rest", "step")))
    for name, spec in chosen.items():
        training, middle = training_of(spec)
        times = timed_steps(training, middle, given.steps)
        whole = times.pop("step")
        parts = [quartile(times[part]) for part in PARTS]
        step = quartile(whole)
        print(f"{name:28}", *(f"{value:10.1f}" for value in (*parts, step - sum(parts), step)), flush=True)
        if given.top:
            print_operators(training, middle, given.top)


def quartile(values: list[float]) -> float:
    """The lower one: other processes lengthen a step's CPU time, too, and never shorten it."""
    return statistics.quantiles(values, n=4)[0]


def training_of(spec: FitSpec) -> tuple[Training, int]:
    """Prepare a training on one thread; returns it and the step in its middle."""
    device = prepare(1, "cpu")
    kind: type[Retriever] = class_named(spec.class_path)
    data = TrainingData(spec)
    steps = data.steps(spec.budget, spec.data.sampling or kind.sampling)
    words = data.words(kind.word_split(spec.model)) if "words" in kind.needs else ()
    training = make_training(spec, kind, data, TrainingInfo(data.identities, steps, words), device)
    if isinstance(training.pairs, Pairs):
        for store in filter(None, (training.pairs.images, training.pairs.parts)):
            store.batch(range(len(store)))
    return training, steps // 2


def timed_steps(training: Training, first: int, count: int) -> dict[str, list[float]]:
    """Return milliseconds by part and step of `count` steps from `first` on."""
    times: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any) -> Any:
            start = time.process_time()
            result = function(*values)
            times[name].append(1000 * (time.process_time() - start))
            return result

        return run

    for owner, method, part in (
        (training.pairs, "batch", "batch"),
        (training.model, "loss", "forward"),
        (training.precision, "backward", "backward"),
        (training.precision, "step", "optimiser"),
    ):
        setattr(owner, method, timed(part, getattr(owner, method)))
    update = timed("step", training.update)
    for step in range(first, first + WARM_UP + count):
        update(step)
    return {name: values[WARM_UP:] for name, values in times.items()}


def print_operators(training: Training, first: int, top: int, steps: int = 5) -> None:
    """Print the operators with most time of their own."""
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        for step in range(first, first + steps):
            training.update(step)
    found = sorted(watched.key_averages(), key=lambda one: -one.self_cpu_time_total)[:top]
    for one in found:
        print(f"    {one.key:52} {one.self_cpu_time_total / 1000 / steps:8.2f} ms {one.count / steps:8.0f} calls")


if __name__ == "__main__":
    main()

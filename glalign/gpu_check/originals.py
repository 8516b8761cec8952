"""Systems with random weights as the paper profile trains them, at their original size, or as the demo does."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from glalign.config.loading import Config, overlaid
from glalign.config.settings import System
from glalign.config.training import Runtime
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.specs.training import BuildSpec, StepSpec
from glalign.cost.cost_table import Cost, built_as, read_costs
from glalign.cost.size import build_with_stand_ins
from glalign.engine.specimen import specimen
from glalign.gpu_check.systems import distinct_systems
from glalign.gpu_check.trainings import repeated
from glalign.planning.cost_stages import build_spec
from glalign.planning.printed_tables import read_published
from glalign.support.checkout import suite_file

STEPS, LATE = 1000, 900
"""Length of a training, and the first step that is done of it: every parameter is trained, every loss term counts."""


@dataclass(frozen=True)
class Original:
    """A system, what it is built from, and its cost as `config/costs.csv` has it (None: never counted)."""

    name: str
    entry: System
    spec: BuildSpec
    cost: Cost | None

    @property
    def pairs(self) -> int:
        """Pairs of a step."""
        return self.spec.data.batch_size

    @property
    def flops(self) -> float | None:
        """Floating-point operations of a step: two for each multiply-add."""
        return None if self.cost is None else 2.0 * self.cost.pair * self.pairs

    def step_spec(self, runtime: Runtime) -> StepSpec:
        """What the memory of a step depends on."""
        data, optim, memory = self.spec.data, self.spec.optim, self.entry.memory
        return StepSpec(system=self.name, data=data, optim=optim, memory=memory, runtime=runtime)

    def build(self) -> Retriever:
        """The network with random weights, on the CPU."""
        return build_with_stand_ins(self.spec)

    def batches(self, model: Retriever, words: int) -> Callable[[int], Batch]:
        """Random pairs of two people each, with captions of as many words."""
        people = [number // 2 for number in range(self.pairs)]
        return repeated(specimen(model, self.spec.data.image_size, people, words=(words, words)))


def read_config(small: bool) -> Config:
    """The paper profile, or the demo."""
    return overlaid() if small else overlaid(suite_file("config/paper.yaml"))


def original_systems(config: Config) -> dict[str, Original]:
    """Every system with a network of its own, by id or id/language."""
    published = read_published(suite_file("paper/parameters.csv"))
    rows = read_costs(suite_file("config/costs.csv"))
    costs = {re.sub(r" segmenter=\S+", "", key): cost for key, cost in rows.items()}  # it changes the words alone
    return {name: _original(name, entry, config, published, costs) for name, entry in distinct_systems(config).items()}


def _original(
    name: str, entry: System, config: Config, published: Mapping[str, Mapping[str, str]], costs: Mapping[str, Cost]
) -> Original:
    spec = build_spec(name, entry, published.get(name.partition("/")[0], {}), config.vocabularies)
    return Original(name, entry, spec, costs.get(built_as(entry)))

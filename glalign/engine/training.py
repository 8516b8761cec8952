"""The state of a training: a model, its optimiser, its batches, and one step of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from glalign.config.training import Optim
from glalign.contract.retriever import Retriever
from glalign.data.pairs import Pairs
from glalign.data.retrieval_set import RetrievalSet
from glalign.engine.distributed import check_agreement, summed_gradients
from glalign.engine.encode import validation_rank1
from glalign.engine.optim import rate_factor, set_rates
from glalign.engine.precision import Precision
from glalign.engine.prefetch import Prefetcher
from glalign.engine.score_weight import choose_score_weight
from glalign.models.data_parallel import processes
from glalign.models.length_buckets import BUCKETS, bucketed
from glalign.support.clock import clock
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for


@dataclass(frozen=True)
class Training:
    """A model with everything that changes or validates it.

    validation is None where there are no validation people. accumulate: equal parts of a batch whose gradients are
    averaged. length_buckets: groups of similar length in which the captions of a step are encoded.
    """

    model: Retriever
    optimizer: torch.optim.Optimizer
    options: Optim
    pairs: Pairs | Prefetcher
    validation: RetrievalSet | None
    steps: int
    seed: int
    device: torch.device
    precision: Precision = field(default_factory=Precision)
    accumulate: int = 1
    length_buckets: int = BUCKETS

    def update(self, step: int) -> dict[str, float]:
        """Do one step, random in (seed, step) alone; return the loss terms, means over the parts of a batch.

        Raises: UserError naming the step and the term when a term is not finite; the weights are as they were.
        """
        torch.manual_seed(seed_for(self.seed, "step", step))  # dropout; batches have a generator of their own
        self.model.train()
        self.model.before_step(step, self.steps)
        set_rates(self.optimizer, rate_factor(self.options, self.steps)(step))
        self.optimizer.zero_grad(set_to_none=True)
        names: list[str] = []
        found: list[Tensor] = []  # the terms of each part, read once, behind all backward passes
        with clock.span("data"):
            batches = self.pairs.batch(step).to(self.device).split(self.accumulate)
        for number, part in enumerate(batches, start=1):
            with clock.span("forward"):  # `bucketed`: text towers take captions of similar length together
                with self.precision.training(), bucketed(self.length_buckets):
                    losses = self.model.loss(part)
                values = torch.stack(list(losses.values()))
                total, names = values.sum(), ["loss", *losses]
                found.append(torch.cat([total.detach()[None], values.detach()]))
            # Processes sum their gradients once, in the backward pass of the last part.
            parameters = self.model.parameters() if number == len(batches) else ()
            with clock.span("backward"), summed_gradients(parameters):
                self.precision.backward(total / (self.accumulate * processes()))
        means = [sum(value / self.accumulate for value in parts) for parts in torch.stack(found, dim=1).tolist()]
        for name, mean in reversed(list(zip(names, means, strict=True))):  # the sum last: a single term says more
            if not math.isfinite(mean):
                raise UserError(f"step {step}: loss term `{name}` is {mean}; lower `optim.lr` or set `optim.clip`")
        with clock.span("optimiser"):
            self.precision.step(self.optimizer, self.model, self.options.clip)  # scales back, clips, optimizer.step()
        return dict(zip(names, means, strict=True))

    def validate(self) -> float | None:
        """Rank-1 (percent) over the validation identities; None where there are none."""
        if self.validation is None:
            return None
        with clock.span("validation"):
            check_agreement(self.model)
            return validation_rank1(self.model, self.validation, self.device, self._ahead)

    def fit_score_weight(self, weights: Mapping[str, Tensor]) -> dict[str, Any]:
        """`score_weight` as the validation identities choose it for these weights, if the system lets them; or nothing.

        The model has these weights afterwards. There have to be validation identities.
        """
        if not self.model.fits_score_weight:
            return {}
        assert self.validation is not None  # `people_to_validate` has refused a training without
        self.model.load_state_dict(weights)
        with clock.span("validation"):
            return {"score_weight": choose_score_weight(self.model, self.validation, self.device, self._ahead)}

    @property
    def _ahead(self) -> int:
        """Batches that a thread makes before they are validated."""
        return self.pairs.count if isinstance(self.pairs, Prefetcher) else 0

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of the weights on the CPU."""
        return {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}

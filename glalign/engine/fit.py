"""One straight training loop for every system."""

import json
import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glalign.config.from_mapping import from_mapping
from glalign.contract.retriever import Retriever, TrainingInfo
from glalign.data.job_datasets import RetrievalSet, TrainingData, input_digests
from glalign.data.pairs import Pairs
from glalign.engine.checkpoint import load_checkpoint, save_checkpoint
from glalign.engine.distributed import check_agreement, joined, leads, sum_gradients
from glalign.engine.encode import Encoded
from glalign.engine.memory import check_memory, explained
from glalign.engine.optim import OptimOptions, make_optimizer, rate_factor, set_rates
from glalign.engine.precision import Precision, fitted
from glalign.engine.prefetch import Ahead
from glalign.evaluation.ranking import find_positives, hit_ranks
from glalign.models.batch_shares import processes
from glalign.models.shared_norm import share_statistics
from glalign.storage.locks import exclusive_lock
from glalign.storage.provenance import provenance, run_digest
from glalign.storage.weight_files import Weights, save_weights
from glalign.storage.whole_files import write_json, write_text
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError, within
from glalign.support.progress import Progress, log
from glalign.support.random_streams import seed_for
from glalign.support.runtime_options import MemoryOptions, Runtime
from glalign.support.torch_settings import prepare

VALIDATION_BLOCK = 512  # queries scored at a time; the ranks do not depend on it


def fit(spec: Mapping[str, Any], out: Path, code: str) -> None:
    """Train one system on one training set, alone in the folder `out`, in as many processes as `spec` says."""
    with joined(spec.get("processes", 1), spec["device"]), exclusive_lock(out) if leads() else nullcontext():
        train(spec, out, code)


def train(spec: Mapping[str, Any], out: Path, code: str) -> None:
    """Train one system on one training set; write `model.safetensors`, `run.json` and `train.jsonl` into `out`.

    The weights kept are those of the best validation Rank-1 (`selection: val`, the first of equals) or of the last
    step (`selection: last`). Test data are out of reach: the specification does not name them. `code` is the digest
    of the source that the run depends on; with the specification it keys the checkpoint. Of several processes each does
    all of this but write.
    """
    runtime = from_mapping(Runtime, spec.get("runtime", {}), "runtime")
    device = prepare(spec["threads"], spec["device"], runtime)
    seed = seed_for(spec["root_seed"], spec["system"], spec["trainset"], spec["seed"])
    kind: type[Retriever] = class_named(spec["class"])
    data = TrainingData(spec)
    sampling = data.options.sampling or kind.sampling
    budget = spec["budget"]
    steps = data.steps(budget, sampling)
    words = data.words(kind.word_split(spec["model"])) if "words" in kind.needs else ()
    facts = TrainingInfo(data.identities, steps, words)

    training = assembled(spec, data, facts, seed, device, runtime)
    model, optimizer, scaler = training.model, training.optimizer, training.precision.scaler
    inputs = input_digests(spec)
    checkpoint, key = out / "checkpoint.pt", run_digest({**spec, "inputs": inputs}, code)
    start, lines, best = 0, [], {"val_rank1": -1.0, "step": 0, "weights": {}}
    if state := load_checkpoint(checkpoint, key):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        scaler.load_state_dict(state["scaler"])
        start, lines, best = state["step"], json.loads(state["lines"]), state["best"]
        log.info("resumed at step %d of %d", start, steps)
    check_agreement(model)

    if steps == 0:  # a system as it was pre-trained
        rank1 = training.validate() if training.validation else None
        lines, best = [{"step": 0, "val_rank1": rank1}], {"val_rank1": rank1, "step": 0, "weights": training.snapshot()}
    with Progress(f"fit {spec['system']}/{spec['trainset']}/seed{spec['seed']}", steps, "step", done=start) as progress:
        for step in range(start, steps):
            with explained(spec, model):
                terms = training.update(step)
            done = step + 1
            if done % budget["log_every"] == 0 or done == steps:
                lines.append({"step": done, **terms})
            if done % budget["validate_every"] == 0 or done == steps:
                rank1 = training.validate() if training.validation else None
                lines.append({"step": done, "val_rank1": rank1})
                if spec["selection"] == "last" or rank1 > best["val_rank1"]:
                    best = {"val_rank1": rank1, "step": done, "weights": training.snapshot()}
            if done % budget["checkpoint_every"] == 0 and done < steps and leads():
                saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "lines": json.dumps(lines)}
                saved["scaler"] = scaler.state_dict()
                save_checkpoint(checkpoint, {"key": key, "step": done, "best": best, **saved})
            progress.update(1, f"loss {terms['loss']:.3f}, val Rank-1 {max(0.0, best['val_rank1'] or 0.0):.1f}")

    if not leads():
        return
    save_weights(out / "model.safetensors", best.pop("weights"))
    write_text(out / "train.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    selected = {"rule": spec["selection"], **best}
    run = {"facts": asdict(facts), "selected": selected, "parameters": sum(p.numel() for p in model.parameters())}
    run |= {"inputs": inputs, "steps": steps, "pairs": steps * data.options.batch_size}
    write_json(out / "run.json", {**run, **provenance(spec, code)})
    checkpoint.unlink(missing_ok=True)


def assembled(
    spec: Mapping[str, Any], data: TrainingData, facts: TrainingInfo, seed: int, device: torch.device, runtime: Runtime
) -> "Training":
    """The model with its pre-trained weights, its optimiser and its batches. Raises UserError if a GPU is too small."""
    place = f"systems.{spec['system']}"
    kind: type[Retriever] = class_named(spec["class"])
    sampling = data.options.sampling or kind.sampling
    memory = from_mapping(MemoryOptions, spec.get("memory", {}), f"{place}.memory")
    memory.check(data.options.batch_size, data.options.group if sampling == "groups" else 1, f"{place}.memory")
    if device.type == "cuda":
        check_memory(spec, facts, device)
    torch.manual_seed(seed_for(seed, "weights"))
    with within(place):
        model = kind.build(spec["model"], data.options.image_size, facts, Weights(Path(spec["weights"]))).to(device)
    share_statistics(model)
    options = from_mapping(OptimOptions, spec["optim"], f"{place}.optim")
    groups = model.parameter_groups(options.lr, options.weight_decay)
    optimizer = make_optimizer(groups, options, fused=runtime.fused)
    precision = fitted(model, runtime, memory, spec["system"], device)
    pairs = data.pairs(model, sampling, seed)
    if runtime.prefetch:
        pairs = Ahead(pairs.batch, facts.steps, runtime.prefetch, pin=device.type == "cuda")
    settings = {"precision": precision, "accumulate": memory.accumulate}
    return Training(model, optimizer, options, pairs, data.validation(model), facts.steps, seed, device, **settings)


@dataclass(frozen=True)
class Training:
    """A model with all that changes it or judges it."""

    model: Retriever
    optimizer: torch.optim.Optimizer
    options: OptimOptions
    pairs: Pairs | Ahead
    validation: RetrievalSet | None
    steps: int
    seed: int
    device: torch.device
    precision: Precision = field(default_factory=Precision)
    accumulate: int = 1

    def update(self, step: int) -> dict[str, float]:
        """One step; returns the loss terms as numbers (means over the parts of an accumulated batch). Everything random
        in it depends on (seed, step) alone.

        Raises: UserError naming the step and the term when a term is not finite.
        """
        torch.manual_seed(seed_for(self.seed, "step", step))  # dropout; batches have a generator of their own
        self.model.train()
        self.model.before_step(step, self.steps)
        set_rates(self.optimizer, rate_factor(self.options, self.steps)(step))
        self.optimizer.zero_grad(set_to_none=True)
        terms: dict[str, float] = {}
        for part in self.pairs.batch(step).to(self.device).split(self.accumulate):
            with self.precision.training():
                losses = self.model.loss(part)
            total = torch.stack(list(losses.values())).sum()
            for name, value in {"loss": total, **losses}.items():
                terms[name] = terms.get(name, 0.0) + float(value.detach()) / self.accumulate
            for name, value in reversed(terms.items()):  # the sum last: a single term says more
                if not math.isfinite(value):
                    raise UserError(f"step {step}: loss term `{name}` is {value}; lower `optim.lr` or set `optim.clip`")
            self.precision.backward(total / (self.accumulate * processes()))
        sum_gradients(self.model.parameters())
        self.precision.step(self.optimizer, self.model, self.options.clip)
        return terms

    def validate(self) -> float:
        """Rank-1 (percent) over the validation identities, by the evaluator that scores the test set."""
        check_agreement(self.model)
        data = self.validation
        positives = find_positives(data.asked, data.shown)
        scores = Encoded(self.model, data, self.device).blocks(VALIDATION_BLOCK)
        ranks = hit_ranks(scores, positives, len(data.gallery))
        firsts = ranks.ranks[ranks.starts[:-1]]
        return 100.0 * float((firsts == 1).mean())

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of the weights on the CPU."""
        return {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}

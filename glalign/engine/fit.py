"""One training loop for every system."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from glalign.contract.results import Info, RunRecord, Selected
from glalign.contract.retriever import Retriever
from glalign.contract.specs.training import FitSpec
from glalign.contract.training_info import TrainingInfo
from glalign.data.training_data import TrainingData, input_digests
from glalign.engine.checkpoint import CheckpointWriter, load_checkpoint
from glalign.engine.distributed import check_agreement, joined, leads
from glalign.engine.memory import check_memory, explained
from glalign.engine.optim import make_optimizer
from glalign.engine.precision import prepare_layers
from glalign.engine.prefetch import Prefetcher
from glalign.engine.score_weight import people_to_validate
from glalign.engine.training import Training
from glalign.models.sharded_batchnorm import convert_batchnorm
from glalign.storage.locks import exclusive_lock
from glalign.storage.provenance import provenance, run_digest
from glalign.storage.weight_files import Weights, save_weights
from glalign.storage.whole_files import write_json, write_text
from glalign.support.clock import clock
from glalign.support.dotted_names import class_named
from glalign.support.errors import within
from glalign.support.progress import Progress, log
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare


def fit(spec: FitSpec, folder: Path, code: str) -> None:
    """Train one system on one training set, in `spec.processes` processes; no other training may use the folder."""
    with joined(spec.processes, spec.device), exclusive_lock(folder) if leads() else nullcontext():
        train(spec, folder, code)


def train(spec: FitSpec, folder: Path, code: str) -> None:
    """Train one system on one training set; write `model.safetensors`, `run.json` and `train.jsonl` into the folder.

    The weights kept are those of the best validation Rank-1 (`selection: val`, the first of equals) or of the last
    step (`selection: last`). Where the system says so, validation people then choose the weight of the global cosine
    in its score, which run.json keeps. Test data are out of reach: the specification does not name them. `code` is
    the digest of the source that the run depends on; with the specification it keys the checkpoint. Of several
    processes all train and the first one writes.
    """
    budget = spec.budget
    settings: dict[str, Any] = spec.runtime.model_dump(include={"precision", "tf32", "deterministic", "compile"})
    device = prepare(spec.threads, spec.device, **settings)
    kind: type[Retriever] = class_named(spec.class_path)
    with clock.span("data"):
        data, inputs = TrainingData(spec), input_digests(spec)
        steps = data.steps(budget, spec.data.sampling or kind.sampling)
        words = data.words(kind.word_split(spec.model)) if "words" in kind.needs else ()
    info = TrainingInfo(data.identities, steps, words)
    training = make_training(spec, kind, data, info, device)
    model = training.model
    states: dict[str, Any] = {"model": model, "optimizer": training.optimizer, "scaler": training.precision.scaler}
    checkpoint, key = folder / "checkpoint.pt", run_digest({**spec.content(), "inputs": inputs}, code)
    start, lines = 0, []
    best: dict[str, Any] = {"val_rank1": -1.0, "step": 0, "weights": {}}
    if state := load_checkpoint(checkpoint, key, steps):
        for name, part in states.items():
            part.load_state_dict(state[name])
        start, lines, best = state["step"], json.loads(state["lines"]), state["best"]
        log.info("resumed at step %d of %d", start, steps)
    check_agreement(model)

    if steps == 0:  # a system as it was pre-trained
        rank1 = training.validate()
        lines, best = [{"step": 0, "val_rank1": rank1}], {"val_rank1": rank1, "step": 0, "weights": training.snapshot()}
    what = f"fit {spec.system}/{spec.trainset}/seed{spec.seed}"
    with Progress(what, steps, "step", done=start) as progress, CheckpointWriter(checkpoint) as writer:
        for step in range(start, steps):
            with explained(spec, model):
                terms = training.update(step)
            done = step + 1
            if done % budget.log_every == 0 or done == steps:
                lines.append({"step": done, **terms})
            if done % budget.validate_every == 0 or done == steps:
                rank1 = training.validate()
                lines.append({"step": done, "val_rank1": rank1})
                if spec.selection == "last" or rank1 is None or rank1 > best["val_rank1"]:
                    best = {"val_rank1": rank1, "step": done, "weights": training.snapshot()}
            if done % budget.checkpoint_every == 0 and done < steps and leads():
                saved = {name: part.state_dict() for name, part in states.items()}
                saved |= {"key": key, "step": done, "best": best, "lines": json.dumps(lines)}
                writer.save(saved)
            progress.update(1, f"loss {terms['loss']:.3f}, val Rank-1 {max(0.0, best['val_rank1'] or 0.0):.1f}")
    fitted = training.fit_score_weight(best["weights"])  # by all processes together; {} of most systems
    if not leads():
        return
    save_weights(folder / "model.safetensors", best["weights"])
    write_text(folder / "train.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    record = RunRecord(
        **provenance(spec.to_json(), code),
        info=Info(**asdict(info)),
        selected=Selected(rule=spec.selection, val_rank1=best["val_rank1"], step=best["step"]),
        parameters=sum(p.numel() for p in model.parameters()),
        inputs=inputs,
        steps=steps,
        pairs=steps * spec.data.batch_size,
        validations=tuple((line["step"], line["val_rank1"]) for line in lines if "val_rank1" in line),
        **fitted,
    )
    write_json(folder / "run.json", record.to_json())
    checkpoint.unlink(missing_ok=True)


def make_training(
    spec: FitSpec, kind: type[Retriever], data: TrainingData, info: TrainingInfo, device: torch.device
) -> Training:
    """Make the state of a training: pre-trained model, optimiser, batches. Raises: UserError if a GPU is too small."""
    section, runtime, memory = f"systems.{spec.system}", spec.runtime, spec.memory
    sampling = spec.data.sampling or kind.sampling
    seed = seed_for(spec.root_seed, spec.system, spec.trainset, spec.seed)
    memory.check(spec.data.batch_size, spec.data.together(sampling, len(spec.datasets)), f"{section}.memory")
    if device.type == "cuda":
        check_memory(spec, info, device)
    torch.manual_seed(seed_for(seed, "weights"))
    with within(section), clock.span("model"):
        model = kind.build(spec.model, spec.data.image_size, info, Weights(Path(spec.weights))).to(device)
    convert_batchnorm(model)
    groups = model.parameter_groups(spec.optim.lr, spec.optim.weight_decay)
    with clock.span("imports"):  # with its first optimiser torch imports its compiler, which takes a second
        optimizer = make_optimizer(groups, spec.optim, fused=runtime.one_kernel)
    precision = prepare_layers(model, runtime, memory, spec.system, device)
    with clock.span("data"):
        pairs: Any = data.pairs(model, sampling, seed, defer=device.type == "cuda")
        validation = data.validation(model)
    if model.fits_score_weight:
        people_to_validate(validation, spec.trainset)
    if runtime.prefetch:
        pairs = Prefetcher(pairs.batch, info.steps, runtime.prefetch, pin=device.type == "cuda")
    return Training(
        model,
        optimizer,
        spec.optim,
        pairs,
        validation,
        info.steps,
        seed,
        device,
        precision=precision,
        accumulate=memory.accumulate,
        length_buckets=runtime.length_buckets,
    )

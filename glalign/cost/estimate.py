"""Estimates of a plan before anything runs: trainings, predictions, hours and disk, from counts alone.

Hours: 2 x multiply-adds / (`plan.tflops` x 10^12 x `plan.utilisation`) / 3600.
Multiply-adds of a training: those of its pairs (forward and backward), and those of the images, captions and queries of
each validation; of a prediction: those of its test set. A query's are in proportion to the gallery.
Disk: the models that are kept, as float32; one checkpoint (weights, best weights, moments of the optimiser) while a
training runs; ranks and label maps at the bytes below.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from glalign.config.loading import Config
from glalign.contract.specs.scoring import PredictSpec, TestSpec
from glalign.contract.specs.training import FitSpec
from glalign.cost.cost_table import GALLERY, Cost, built_as
from glalign.planning.split_counts import Counts, total
from glalign.planning.stage import Job
from glalign.support.class_source import sampling_of

NUMBERS = ("trainings", "steps", "training_hours", "predictions", "prediction_hours", "bytes")  # of a row
NUMBER = 4  # bytes of a float32
RANKS = 1100  # bytes of a query in a ranks file: at most: ten images by name and score, the cosines of five regions
LABELS = 2500  # bytes of a label map

Splits = Mapping[str, Mapping[str, Counts]]
"""Dataset -> split -> counts."""


def estimate(
    config: Config, jobs: Mapping[tuple[str, str], Job], costs: Mapping[str, Cost], splits: Splits
) -> dict[str, Any]:
    """Estimate the work of `jobs` by (stage, key): of their trainings, predictions, manifests and label maps.

    costs, splits: see `read_costs` and `split_counts`. Returns: plain data with the keys `systems` (one row each),
    `total`, `datasets`, `disk` in bytes, `assumed` and `unknown`. Hours are None where a system's network was never
    counted or the size of a dataset is not known; `unknown` has the reasons, and totals leave them out.
    """
    rows: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    unknown: dict[str, None] = {}
    checkpoint = 0
    for spec in (job.spec for job in jobs.values() if isinstance(job.spec, FitSpec | PredictSpec)):
        row, kind = rows[spec.system], "training" if isinstance(spec, FitSpec) else "prediction"
        row[f"{kind}s"] += 1
        try:
            if isinstance(spec, FitSpec):
                cost = _cost(spec, costs)
                steps, work = _training(spec, cost, splits)
                row["steps"] += steps
                row["bytes"] += NUMBER * (cost.parameters + cost.buffers)
                moments = spec.optim.moments * cost.trained
                checkpoint = max(checkpoint, NUMBER * (2 * (cost.parameters + cost.buffers) + moments))
            else:
                work, queries = _prediction(spec.test, _cost(spec, costs), splits)
                row["bytes"] += RANKS * queries
            row[f"{kind}_hours"] += 2 * work / (config.plan.tflops * 1e12 * config.plan.utilisation) / 3600
        except UnknownSizeError as reason:
            unknown[str(reason)] = None
            row[f"{kind}_hours"] = math.nan
    shown: list[dict[str, Any]] = []
    for name in (name for name in config.systems if name in rows):
        shown.append({"system": name} | {k: None if math.isnan(v) else v for k, v in rows[name].items()})
    everything: dict[str, Any] = {key: sum(row[key] or 0 for row in shown) for key in NUMBERS}
    read = {key: total(splits[key].values()) for stage, key in jobs if stage == "manifest" and splits[key]}
    labels = sum(LABELS * read[key]["images"] for stage, key in jobs if stage == "parse" and key in read)
    disk = {"models_and_ranks": everything["bytes"], "label_maps": round(labels), "checkpoint": checkpoint}
    datasets = {name: {unit: round(number) for unit, number in counts.items()} for name, counts in read.items()}
    found = {"systems": shown, "total": everything, "datasets": datasets, "disk": {**disk, "total": sum(disk.values())}}
    return {**found, "assumed": config.plan.to_json(), "unknown": list(unknown)}


class UnknownSizeError(Exception):
    """The size of a network or of a dataset is not known."""


def _cost(spec: FitSpec | PredictSpec, costs: Mapping[str, Cost]) -> Cost:
    """The cost of a system; that of a reference is 0. Raises: UnknownSizeError where it was never counted."""
    model = spec.trained if isinstance(spec, PredictSpec) else spec
    if model is None:
        return Cost(0, 0, 0, 0, 0, 0, 0)
    if (key := built_as(model)) not in costs:
        built = f"`glalign memory {spec.system}` tells whether it can be built"
        counted = "`python benchmarks/costs.py` counts it into config/costs.csv"
        raise UnknownSizeError(f"{spec.system}: its network was never counted ({built}, {counted})")
    return costs[key]


def _training(spec: FitSpec, cost: Cost, splits: Splits) -> tuple[int, float]:
    """(steps, multiply-adds) of a training with its validations."""
    sources = [_known(splits, dataset.id) for dataset in spec.datasets]
    val = total(source["val"] for source in sources if "val" in source)
    budget, batch = spec.budget, spec.data.batch_size
    if (steps := budget.steps) is None:
        sampling = spec.data.sampling or sampling_of(spec.class_path)
        unit = "images" if sampling == "identity" else "captions"
        epoch = spec.data.epoch([source["train"][unit] for source in sources])
        steps = math.ceil((budget.epochs or 0) * epoch / batch)
    validations = max(1, math.ceil(steps / budget.validate_every))
    validation = _scoring(val["images"], val["captions"], val["images"], cost)
    return steps, steps * batch * cost.pair + validations * validation


def _prediction(test: TestSpec, cost: Cost, splits: Splits) -> tuple[float, int]:
    """(multiply-adds, queries) of scoring a test set, over all of its draws."""
    known, query = _known(splits, test.id), test.settings
    tested = total(known[split] for split in query.splits if split in known)
    drawn = {"identities": query.identities, "images": query.images}
    share = min([1.0, *(count / tested[unit] for unit, count in drawn.items() if count)])
    queries = query.draws * share * tested["captions"]
    gallery = share * tested["identities" if query.gallery == "one_per_identity" else "images"]
    return _scoring(min(1.0, query.draws * share) * tested["images"], queries, gallery, cost), round(queries)


def _scoring(images: float, queries: float, gallery: float, cost: Cost) -> float:
    """Multiply-adds of encoding every image and query and scoring every query against the gallery."""
    return images * cost.image + queries * (cost.caption + cost.query * gallery / GALLERY)


def _known(splits: Splits, dataset: str) -> Mapping[str, Counts]:
    if not splits[dataset]:
        raise UnknownSizeError(f"datasets.{dataset}: its size is in neither a manifest nor the published counts")
    return splits[dataset]

"""What a plan takes before anything runs: trainings, predictions, hours and disk, from counts alone.

Hours: 2 x multiply-adds / (`plan.tflops` x 10^12 x `plan.utilisation`) / 3600.
Multiply-adds of a training: pairs x those of a pair of a step (forward and backward), and per validation its images,
captions and queries; of a prediction: the test set's. A query's are in proportion to the gallery.
Disk: float32 numbers of the models that stay; of one checkpoint (weights, best weights, moments of the optimiser) while
a training runs; ranks and label maps at the bytes below.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from glalign.config.loading import Config
from glalign.cost.cost_table import GALLERY, Cost, built_as
from glalign.planning.job import Job
from glalign.planning.split_counts import Counts, total
from glalign.support.class_source import sampling_of
from glalign.support.runtime_options import moments

TRAININGS = ("fit", "alpha_fit", "tune")
NUMBERS = ("trainings", "steps", "training_hours", "predictions", "prediction_hours", "bytes")  # of a row
NUMBER = 4  # bytes of a float32
RANKS = 700  # bytes of a query in a ranks file: its ten best images by name and score, ranks of some three positives
LABELS = 2500  # bytes of a label map

Splits = Mapping[str, Mapping[str, Counts]]
"""Dataset -> split -> counts."""


def estimate(
    config: Config, jobs: Mapping[tuple[str, str], Job], costs: Mapping[str, Cost], splits: Splits
) -> dict[str, Any]:
    """Plain data: `systems` (one row each), `total`, `datasets`, `disk` in bytes, `assumed`, `unknown`.

    hours and bytes are None where a system's network was never counted or a dataset's size is not known, `unknown` says
    which; totals are without them.
    """
    rows: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    unknown: dict[str, None] = {}
    checkpoint = 0
    for (stage, _), job in jobs.items():
        if stage not in (*TRAININGS, "predict"):
            continue
        row = rows[job.spec["system"]]
        cost = costs.get(built_as(job.spec)) if "model" in job.spec else Cost(0, 0, 0, 0, 0, 0, 0)
        kind = "training" if stage in TRAININGS else "prediction"
        row[f"{kind}s"] += 1
        try:
            if cost is None:
                raise UnknownSizeError(
                    f"{job.spec['system']}: its network was never counted (`glalign memory {job.spec['system']}` "
                    "tells whether it can be built, `python benchmarks/costs.py` counts it into config/costs.csv)"
                )
            if kind == "training":
                steps, work = _training(job.spec, cost, splits)
                row["steps"] += steps
                row["bytes"] += NUMBER * (cost.parameters + cost.buffers)
                checkpoint = max(checkpoint, _checkpoint(job.spec, cost))
            else:
                work, queries = _prediction(job.spec["test"], cost, splits)
                row["bytes"] += RANKS * queries
            row[f"{kind}_hours"] += _hours(work, config["plan"])
        except UnknownSizeError as reason:
            unknown[str(reason)] = None
            row[f"{kind}_hours"] = math.nan
    shown = [{"system": name, **_plain(rows[name])} for name in config["systems"] if name in rows]
    everything = {key: sum(row[key] or 0 for row in shown) for key in NUMBERS}
    read = {key: total(splits[key].values()) for stage, key in jobs if stage == "manifest" and splits[key]}
    labels = sum(LABELS * read[key]["images"] for stage, key in jobs if stage == "parse" and key in read)
    disk = {"models_and_ranks": everything["bytes"], "label_maps": round(labels), "checkpoint": checkpoint}
    return {
        "systems": shown,
        "total": everything,
        "datasets": {name: {unit: round(number) for unit, number in counts.items()} for name, counts in read.items()},
        "disk": {**disk, "total": sum(disk.values())},
        "assumed": dict(config["plan"]),
        "unknown": list(unknown),
    }


class UnknownSizeError(Exception):
    """A size that nothing says yet."""


def _training(spec: Mapping[str, Any], cost: Cost, splits: Splits) -> tuple[int, float]:
    """(steps, multiply-adds) of a training with its validations."""
    sources = [_known(splits, dataset["id"]) for dataset in spec["datasets"]]
    train = total(source["train"] for source in sources)
    val = total(source["val"] for source in sources if "val" in source)
    budget, batch = spec["budget"], spec["data"]["batch_size"]
    if (steps := budget["steps"]) is None:
        sampling = spec["data"].get("sampling") or sampling_of(spec["class"])
        epoch = train["images" if sampling == "identity" else "captions"]
        steps = math.ceil(budget["epochs"] * epoch / batch)
    looks = max(1, math.ceil(steps / budget["validate_every"]))
    return steps, steps * batch * cost.pair + looks * _scoring(val["images"], val["captions"], val["images"], cost)


def _prediction(test: Mapping[str, Any], cost: Cost, splits: Splits) -> tuple[float, int]:
    """(multiply-adds, queries) of scoring a test set, over all of its draws."""
    known = _known(splits, test["dataset"])
    shown = total(known[split] for split in test["splits"] if split in known)
    share = min(1.0, test["identities"] / shown["identities"]) if test["identities"] else 1.0
    queries = test["draws"] * share * shown["captions"]
    gallery = share * shown["identities" if test["gallery"] == "one_per_identity" else "images"]
    return _scoring(min(1.0, test["draws"] * share) * shown["images"], queries, gallery, cost), round(queries)


def _scoring(images: float, queries: float, gallery: float, cost: Cost) -> float:
    """Multiply-adds: every image and query encoded, every query against the gallery."""
    return images * cost.image + queries * (cost.caption + cost.query * gallery / GALLERY)


def _known(splits: Splits, dataset: str) -> Mapping[str, Counts]:
    if not splits[dataset]:
        raise UnknownSizeError(f"datasets.{dataset}: its size is in neither a manifest nor the published counts")
    return splits[dataset]


def _checkpoint(spec: Mapping[str, Any], cost: Cost) -> int:
    """Bytes of a checkpoint: the weights, the best of them so far, the optimiser's moments."""
    optim = spec["optim"]
    kept = moments(optim["name"], optim["momentum"]) * cost.trained
    return NUMBER * (2 * (cost.parameters + cost.buffers) + kept)


def _hours(work: float, plan: Mapping[str, float]) -> float:
    return 2 * work / (plan["tflops"] * 1e12 * plan["utilisation"]) / 3600


def _plain(row: Mapping[str, float]) -> dict[str, float | None]:
    """Numbers as JSON has them: None for what is not known."""
    return {key: None if math.isnan(value) else value for key, value in row.items()}

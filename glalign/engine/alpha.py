"""What the weight of the global branch is worth: validation Rank-1 of trainings that differ in alpha alone (D29)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from glalign.contract.training_info import TrainingInfo
from glalign.data.job_datasets import TrainingData
from glalign.engine.encode import Encoded
from glalign.evaluation.metrics import half_up
from glalign.evaluation.ranking import find_positives, hit_ranks
from glalign.reporting.partial_releases import partial_note, partial_of, stated, with_note
from glalign.reporting.plain_table import number, write_plain
from glalign.storage.weight_files import Weights, load_weights
from glalign.storage.whole_files import read_json
from glalign.support.dotted_names import class_named
from glalign.support.torch_settings import prepare

BRANCHES = {"score": None, "global": 1.0, "local": 0.0}
"""Column -> weight of the global cosine in the score; None is the system's own (D10)."""

HEADS = {
    "alpha": ("$\\alpha$", number(1)),
    "rank1_score": ("As trained", number(2)),
    "rank1_global": ("Global score", number(2)),
    "rank1_local": ("Local score", number(2)),
    "selected_step": ("Step", number(0)),
}


def make_alpha(spec: Mapping[str, Any], csv_path: Path, tex_path: Path) -> None:
    """Write validation Rank-1 per alpha, by the score of the training and by each branch alone.

    spec: that of the training (`fit`), with title, profile and runs of {alpha, folder}. Test data are not named in it.
    """
    spec, note = stated(spec), partial_note(partial_of(spec))
    device = prepare(spec["threads"], spec["device"])
    data, rows = TrainingData(spec), []
    for run in spec["runs"]:
        record = read_json(Path(run["folder"]) / "run.json")
        row = {"system": spec["system"], "trainset": spec["trainset"], "alpha": str(run["alpha"])}
        for branch, weight in BRANCHES.items():
            options = {**spec["model"], "alpha": run["alpha"]}
            if weight is not None:
                options["score_alpha"] = weight
            row[f"rank1_{branch}"] = half_up(rank1(spec, data, options, record["facts"], run["folder"], device))
        row |= {"selected_step": str(record["selected"]["step"]), "profile": spec["profile"]}
        rows.append(row)
    rows = with_note(rows, [note] * len(rows))
    write_plain(rows, HEADS, spec["title"], csv_path, tex_path, "Rank-1 in percent on the validation identities.")


def rank1(
    spec: Mapping[str, Any],
    data: TrainingData,
    options: Mapping[str, Any],
    facts: Mapping[str, Any],
    folder: str,
    device: torch.device,
) -> float:
    """Rank-1 (percent) on the validation identities of trained weights under these options."""
    words = tuple((word, count) for word, count in facts["words"])
    weights = Weights(Path(spec["weights"]), load=False)
    built = TrainingInfo(**{**facts, "words": words})
    model = class_named(spec["class"]).build(options, data.options.image_size, built, weights)
    load_weights(model, folder, "model")
    shown = data.validation(model)
    blocks = Encoded(model.to(device), shown, device).blocks(len(shown.queries))
    ranks = hit_ranks(blocks, find_positives(shown.asked, shown.shown), len(shown.gallery))
    return 100.0 * float((ranks.ranks[ranks.starts[:-1]] == 1).mean())

"""Validation Rank-1 of trainings that differ only in alpha, the weight of the global branch (D29)."""

from pathlib import Path

import numpy as np

from glalign.config.typed_json import read_typed
from glalign.contract.results import AlphaScore, AlphaScores, RunRecord
from glalign.contract.specs.scoring import AlphaSpec
from glalign.data.training_data import TrainingData
from glalign.engine.encode import load_trained, rank1
from glalign.engine.score_weight import people_to_validate, ranks_by_weight
from glalign.evaluation.metrics import numbered
from glalign.storage.whole_files import write_json
from glalign.support.torch_settings import prepare

BRANCHES = ("score", "global", "local")
"""Fields of `AlphaScore`: Rank-1 by the weight of the system's own score (D10), and by each branch alone."""


def score_alphas(spec: AlphaSpec, scores: Path) -> None:
    """Write validation Rank-1 of each training, by the score that it was trained with and by each branch alone.

    Ranks of queries are those by the score that it was trained with. Test data are not named in the specification.
    Raises: UserError when the trainset has no validation people.
    """
    fit = spec.fit
    device = prepare(fit.threads, fit.device)
    data, rows, persons = TrainingData(fit), [], np.zeros(0, np.int64)
    for run in spec.runs:
        folder, options = Path(run.folder), {**fit.model, "alpha": run.alpha}
        model = load_trained(fit.model_copy(update={"model": options}), folder, device)
        validation = people_to_validate(data.validation(model), fit.trainset)
        weights = (model.score_weight, 1.0, 0.0)
        ranks = ranks_by_weight(model, validation, device, weights)
        found, persons = dict(zip(BRANCHES, map(rank1, ranks), strict=True)), numbered(validation.query_persons)
        step = read_typed(folder / "run.json", RunRecord).selected.step
        rows.append(AlphaScore(alpha=run.alpha, selected_step=step, first=tuple(ranks[0].tolist()), **found))
    record = AlphaScores(system=fit.system, trainset=fit.trainset, persons=tuple(persons.tolist()), rows=tuple(rows))
    write_json(scores, record.to_json())

"""Validation Rank-1 of trainings that differ only in alpha, the weight of the global branch (D29)."""

from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import AlphaScore, AlphaScores, RunRecord
from glalign.contract.specs.scoring import AlphaSpec
from glalign.data.training_data import TrainingData
from glalign.engine.encode import load_trained, validation_rank1
from glalign.storage.whole_files import write_json
from glalign.support.errors import UserError
from glalign.support.torch_settings import prepare

BRANCHES = {"score": None, "global": 1.0, "local": 0.0}
"""Field of `AlphaScore` -> weight of the global cosine in the score; None is the system's own (D10)."""


def score_alphas(spec: AlphaSpec, scores: Path) -> None:
    """Write validation Rank-1 of each training, by the score that it was trained with and by each branch alone.

    Test data are not named in the specification. Raises: UserError when the trainset has no validation people.
    """
    fit = spec.fit
    device = prepare(fit.threads, fit.device)
    data, rows = TrainingData(fit), []
    for run in spec.runs:
        folder, rank1 = Path(run.folder), {}
        for branch, weight in BRANCHES.items():
            changes = {"alpha": run.alpha} | ({} if weight is None else {"score_alpha": weight})
            model = load_trained(fit.model_copy(update={"model": {**fit.model, **changes}}), folder, device)
            if (validation := data.validation(model)) is None:
                raise UserError(f"trainset {fit.trainset}: no val images; check the dataset's splits and holdout")
            rank1[branch] = validation_rank1(model, validation, device)
        step = read_typed(folder / "run.json", RunRecord).selected.step
        rows.append(AlphaScore(alpha=run.alpha, selected_step=step, **rank1))
    write_json(scores, AlphaScores(system=fit.system, trainset=fit.trainset, rows=tuple(rows)).to_json())

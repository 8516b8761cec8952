"""Scores of the weights of the global branch: their Rank-1 follows from the ranks that are kept beside them."""

from pathlib import Path

import pytest
from helpers.training import zero_steps

from glalign.config.typed_json import read_typed
from glalign.contract.results import AlphaScores, RunRecord
from glalign.contract.specs.scoring import AlphaRun, AlphaSpec
from glalign.engine import alpha
from glalign.engine.encode import load_trained
from glalign.engine.fit import train
from glalign.support.errors import UserError


def test_ranks_of_queries_give_the_score(pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = zero_steps(pedes, tmp_path)
    train(fit, tmp_path / "run", "code")
    monkeypatch.setattr(alpha, "load_trained", lambda _, *others: load_trained(fit, *others))  # CLIP has no weight
    runs = tuple(AlphaRun(alpha=weight, folder=str(tmp_path / "run")) for weight in (0.2, 0.5))
    alpha.score_alphas(AlphaSpec(fit=fit, runs=runs), tmp_path / "scores.json")
    found = read_typed(tmp_path / "scores.json", AlphaScores)
    assert found.persons == (0, 0, 0, 0, 1, 1, 1, 1)
    for row in found.rows:
        assert row.score == 100 * sum(rank == 1 for rank in row.first) / 8
        assert row.score == read_typed(tmp_path / "run" / "run.json", RunRecord).selected.val_rank1


def test_a_weight_ranks_every_query(tmp_path: Path) -> None:
    row = '{"alpha": 0.5, "score": 50.0, "global": 1.0, "local": 1.0, "selected_step": 9, "first": [1, 2]}'
    for persons, right in (("[0, 0]", True), ("[0]", False), ("[]", False)):
        path = tmp_path / "scores.json"
        path.write_text(f'{{"system": "s", "trainset": "t", "persons": {persons}, "rows": [{row}]}}', encoding="utf-8")
        if right:
            assert read_typed(path, AlphaScores).rows[0].first == (1, 2)
        else:
            with pytest.raises(UserError, match="another number of ranks than there are queries"):
                read_typed(path, AlphaScores)

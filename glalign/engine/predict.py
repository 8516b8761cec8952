"""Ranks of a test set: scored once, by the weights that validation selected."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glalign.contract.records import Query, Record, queries, read_manifest
from glalign.data.splits import check_train_test_disjoint, select_identities
from glalign.evaluation.protocol import gallery_of, targets
from glalign.evaluation.ranking import RankRow, rank_blocks
from glalign.evaluation.ranks_file import DRAW, write_ranks
from glalign.storage.provenance import provenance
from glalign.storage.whole_files import read_json
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for

Score = Callable[["Draw"], Iterator[np.ndarray]]
"""Blocks (b, G) of the scores of a draw."""


def predict(spec: Mapping[str, Any], out: Path, code: str) -> None:
    """Rank the gallery of one test set for each of its queries; write the ranks file and its sidecar."""
    test = spec["test"]
    records = test_records(test)
    for trained in spec["trained_on"]:
        if trained["people"] == test["people"]:
            train = [r for r in read_manifest(trained["manifest"]) if r.split in ("train", "val")]
            check_train_test_disjoint(train, records, f"{trained['id']} (train, val)", f"test set {test['id']}")
    draws = draws_of(test, records)
    score = references(spec) if spec["run"] is None else retriever(spec, records)
    total = sum(len(draw.asked) for draw in draws)
    with Progress(f"rank {spec['system']}/{test['id']}", total, "query") as progress:
        rows = (row for draw in draws for row in draw.rank(counted(score(draw), progress), test["hit"], spec["top"]))
        sizes = [len(draw.shown) for draw in draws]
        facts = {**provenance(spec, code), **({"galleries": sizes} if len(sizes) > 1 else {})}
        write_ranks(out, rows, round(sum(sizes) / len(sizes)), facts)


def test_records(test: Mapping[str, Any]) -> list[Record]:
    """The records of a test set: the named splits of its dataset. Raises UserError when there are none."""
    records = [r for r in read_manifest(test["manifest"]) if r.split in test["splits"]]
    if not records:
        raise UserError(f"testsets.{test['id']}: {test['manifest']} has no images in {', '.join(test['splits'])}")
    return records


@dataclass(frozen=True)
class Draw:
    """Queries and gallery of a test set, or of one of several draws of its identities (D12).

    name: stands before the ids of its queries, "" where there is one draw alone.
    """

    name: str
    asked: list[Query]
    shown: list[Record]

    def rank(self, blocks: Iterable[np.ndarray], hit: str, top: int) -> Iterator[RankRow]:
        """Ranks of the blocks of its scores."""
        return rank_blocks(
            blocks,
            [self.name + query.id for query in self.asked],
            [record.image for record in self.shown],
            [query.person for query in self.asked],
            [record.person for record in self.shown],
            top,
            *targets(self.asked, self.shown, hit),
        )


def draws_of(test: Mapping[str, Any], records: list[Record]) -> list[Draw]:
    """Everything at once, or `test["draws"]` times `test["identities"]` identities, each draw by a fixed seed."""
    if test["identities"] is None:
        return [Draw("", queries(records), gallery_of(records, test["gallery"]))]
    chosen = [
        select_identities(
            records, test["identities"], test["seed"] if turn == 0 else seed_for(test["seed"], "draw", turn)
        )
        for turn in range(test["draws"])
    ]
    return [
        Draw(f"{DRAW}{turn}/" if len(chosen) > 1 else "", queries(drawn), gallery_of(drawn, test["gallery"]))
        for turn, drawn in enumerate(chosen)
    ]


def references(spec: Mapping[str, Any]) -> Score:
    """Scores without a training: random or the oracle."""
    scorer = class_named(spec["class"])(spec)
    return lambda draw: scorer.blocks(draw.asked, draw.shown, spec["block"])


def retriever(spec: Mapping[str, Any], records: list[Record]) -> Score:
    """Scores of a trained system, rebuilt from its run; every record is encoded once, whatever the draws."""
    # Not at the top: a reference is scored without torch.
    from glalign.config.data_section import DataOptions  # noqa: PLC0415
    from glalign.contract.retriever import TrainingInfo  # noqa: PLC0415
    from glalign.data.job_datasets import RetrievalSet, Source  # noqa: PLC0415
    from glalign.engine.encode import Encoded  # noqa: PLC0415
    from glalign.storage.weight_files import Weights, load_weights  # noqa: PLC0415
    from glalign.support.torch_settings import prepare  # noqa: PLC0415

    device = prepare(spec["threads"], spec["device"])
    run = Path(spec["run"])
    facts = read_json(run / "run.json")["facts"]
    facts["words"] = tuple((word, count) for word, count in facts["words"])
    options = DataOptions.from_config(spec["data"], f"systems.{spec['system']}.data")
    weights = Weights(Path(spec["weights"]), load=False)
    model = class_named(spec["class"]).build(spec["model"], options.image_size, TrainingInfo(**facts), weights)
    load_weights(model, run, "model")
    test = spec["test"]
    data = RetrievalSet.of([Source.of(test, records)], records, model, options, spec["dress"])
    encoded = Encoded(model.to(device), data, device)
    rows = {query.id: number for number, query in enumerate(data.queries)}
    columns = {record.image: number for number, record in enumerate(data.gallery)}

    def score(draw: Draw) -> Iterator[np.ndarray]:
        asked, shown = [rows[query.id] for query in draw.asked], [columns[record.image] for record in draw.shown]
        return encoded.blocks(spec["block"], asked, shown)

    return score


def counted(blocks: Iterator[np.ndarray], progress: Progress) -> Iterator[np.ndarray]:
    """The same blocks, counted."""
    for block in blocks:
        yield block
        progress.update(len(block))

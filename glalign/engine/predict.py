"""Ranks of a test set: scored once, by the weights that validation selected."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from glalign.data.records import Record, queries, read_manifest
from glalign.data.splits import leakage, select_identities
from glalign.errors import UserError
from glalign.evaluation.protocol import gallery_of, targets
from glalign.evaluation.rankfile import write_ranks
from glalign.evaluation.ranking import rank_blocks
from glalign.files import read_json
from glalign.names import class_named
from glalign.progress import Progress
from glalign.provenance import provenance


def predict(spec: Mapping[str, Any], out: Path, code: str) -> None:
    """Rank the gallery of one test set for each of its queries; write the ranks file and its sidecar."""
    test = spec["test"]
    records = test_records(test)
    for trained in spec["trained_on"]:
        if trained["people"] == test["people"]:
            train = [r for r in read_manifest(trained["manifest"]) if r.split in ("train", "val")]
            leakage(train, records, f"{trained['id']} (train, val)", f"test set {test['id']}")
    gallery = gallery_of(records, test["gallery"])
    asked = queries(records)
    scorer = reference_blocks if spec["run"] is None else retriever_blocks
    query_targets, gallery_targets = targets(asked, gallery, test["hit"])
    with Progress(f"rank {spec['system']}/{test['id']}", len(asked), "query") as progress:
        rows = rank_blocks(
            counted(scorer(spec, records, gallery), progress),
            [q.id for q in asked],
            [r.image for r in gallery],
            [q.person for q in asked],
            [r.person for r in gallery],
            spec["top"],
            query_targets,
            gallery_targets,
        )
        write_ranks(out, rows, len(gallery), provenance(spec, code))


def test_records(test: Mapping[str, Any]) -> list[Record]:
    """The records of a test set: the named splits of its dataset, or a fixed draw of their identities (D12)."""
    records = [r for r in read_manifest(test["manifest"]) if r.split in test["splits"]]
    if not records:
        raise UserError(f"testsets.{test['id']}: {test['manifest']} has no images in {', '.join(test['splits'])}")
    return records if test["identities"] is None else select_identities(records, test["identities"], test["seed"])


def reference_blocks(spec: Mapping[str, Any], records: list[Record], gallery: list[Record]) -> Iterator[np.ndarray]:
    """Scores of a reference without a training: random or the oracle."""
    return class_named(spec["class"])(spec).blocks(queries(records), gallery, spec["block"])


def retriever_blocks(spec: Mapping[str, Any], records: list[Record], gallery: list[Record]) -> Iterator[np.ndarray]:
    """Scores of a trained system, rebuilt from its run."""
    # Not at the top: a reference is scored without torch.
    from glalign.data.options import DataOptions  # noqa: PLC0415
    from glalign.data.sets import RetrievalSet, Source  # noqa: PLC0415
    from glalign.engine.encode import Encoded  # noqa: PLC0415
    from glalign.engine.runtime import prepare  # noqa: PLC0415
    from glalign.models.retriever import Facts  # noqa: PLC0415
    from glalign.models.weights import load_weights  # noqa: PLC0415

    device = prepare(spec["threads"], spec["device"])
    run = Path(spec["run"])
    facts = read_json(run / "run.json")["facts"]
    facts["words"] = tuple((word, count) for word, count in facts["words"])
    options = DataOptions.from_config(spec["data"], f"systems.{spec['system']}.data")
    model = class_named(spec["class"]).build(spec["model"], options.image_size, Facts(**facts), None)
    load_weights(model, run, "model")
    test = spec["test"]
    source = Source.of(test, records)
    data = RetrievalSet.of([source], gallery, model, options, spec["dress"])
    return Encoded(model.to(device), data, device).blocks(spec["block"])


def counted(blocks: Iterator[np.ndarray], progress: Progress) -> Iterator[np.ndarray]:
    """The same blocks, counted."""
    for block in blocks:
        yield block
        progress.update(len(block))

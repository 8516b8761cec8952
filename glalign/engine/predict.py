"""Ranks of a test set, scored once with the weights that validation selected."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glalign.contract.query_ids import DRAW
from glalign.contract.records import Query, Record, queries, read_manifest
from glalign.contract.specs.scoring import PredictSpec, TestSpec, TrainedSpec
from glalign.contract.tokenizer import count_cut
from glalign.data.splits import check_train_test_disjoint, select_identities, select_images
from glalign.engine.part_cosines import with_cosines
from glalign.evaluation.ranking import RankRow, rank_blocks
from glalign.evaluation.ranks_file import write_ranks
from glalign.storage.provenance import provenance
from glalign.support.clock import clock
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError
from glalign.support.progress import Progress, log
from glalign.support.random_streams import seed_for


class Scorer(NamedTuple):
    """What ranks the galleries of draws.

    blocks: yields blocks (b, G) of the scores of a draw. parts: the regions that the system compares. cosines: of
    these, (R, K, P) for R rows of a draw and the K images of their `top`; None for a system without parts.
    """

    blocks: Callable[["Draw"], Iterator[np.ndarray]]
    parts: tuple[str, ...] = ()
    cosines: Callable[["Draw", list[RankRow]], np.ndarray] | None = None


def predict(spec: PredictSpec, ranks: Path, code: str) -> None:
    """Rank the gallery of a test set for each of its queries; write the ranks file and its summary.

    Raises: UserError when the test set has no images, or a person of it was trained on.
    """
    test = spec.test
    with clock.span("data"):
        records = [r for r in read_manifest(test.manifest) if r.split in test.settings.splits]
    if not records:
        raise UserError(f"testsets.{test.testset}: {test.manifest} has no images in {', '.join(test.settings.splits)}")
    for dataset in spec.trained.trained_on if spec.trained else ():
        if dataset.people == test.people:
            train = [r for r in read_manifest(dataset.manifest) if r.split in ("train", "val")]
            check_train_test_disjoint(train, records, f"{dataset.id} (train, val)", f"test set {test.testset}")
    draws = draws_of(test, records)
    scorer = trained_scorer(spec, spec.trained, records) if spec.trained else reference_scorer(spec)
    total, sizes = sum(len(draw.queries) for draw in draws), tuple(len(draw.gallery) for draw in draws)
    about = provenance(spec.to_json(), code) | ({"galleries": sizes} if len(sizes) > 1 else {})
    about |= {"parts": scorer.parts} if scorer.parts else {}
    with Progress(f"rank {spec.system}/{test.testset}", total, "query") as progress:
        # Generators: `write_ranks` takes one row after the other, and with them the scores, block by block.
        scored = ((draw, with_progress(scorer.blocks(draw), progress)) for draw in draws)
        ranked = ((draw, draw.rank(blocks, test.settings.hit, spec.top)) for draw, blocks in scored)
        rows = (row for draw, found in ranked for row in with_parts(scorer, draw, found))
        with clock.span("prediction"):
            write_ranks(ranks, rows, n_gallery=round(sum(sizes) / len(sizes)), about=about)  # mean over the draws


@dataclass(frozen=True)
class Draw:
    """Queries and gallery of a test set, or of one of several draws from it (D12), whose queries have a prefix."""

    prefix: str
    queries: list[Query]
    gallery: list[Record]

    def rank(self, blocks: Iterable[np.ndarray], hit: str, top: int) -> Iterator[RankRow]:
        """Yield the ranks of the blocks of its scores."""
        ids, images = [self.prefix + query.id for query in self.queries], [record.image for record in self.gallery]
        persons = ([query.person for query in self.queries], [record.person for record in self.gallery])
        return rank_blocks(blocks, ids, images, *persons, top, *targets(self.queries, self.gallery, hit))


def draws_of(test: TestSpec, records: list[Record]) -> list[Draw]:
    """All records at once, or `draws` draws of `identities` identities or of `images` images, each with a fixed seed.

    Of drawn images the queries are all captions, and the gallery has no other image: an image of a query's person that
    was not drawn is neither a positive nor a negative.
    """
    testset = test.settings
    select, count = (select_images, testset.images) if testset.images else (select_identities, testset.identities)
    if count is None:
        return [Draw("", queries(records), gallery_of(records, testset.gallery))]
    seeds = [test.draw_seed, *(seed_for(test.draw_seed, "draw", number) for number in range(1, testset.draws))]
    drawn = [select(records, count, seed) for seed in seeds]
    return [
        Draw(f"{DRAW}{number}/" if len(drawn) > 1 else "", queries(part), gallery_of(part, testset.gallery))
        for number, part in enumerate(drawn)
    ]


def gallery_of(records: Iterable[Record], gallery: str) -> list[Record]:
    """`all`: every image; `one_per_identity`: the first image of each person, in manifest order."""
    if gallery == "all":
        return list(records)
    if gallery == "one_per_identity":
        first: dict[int, Record] = {}
        for record in records:
            first.setdefault(record.person, record)
        return list(first.values())
    raise UserError(f"gallery: {gallery!r} is unknown; use all or one_per_identity")


def targets(
    queries: Sequence[Query], gallery: Sequence[Record], hit: str
) -> tuple[list[int], list[int]] | tuple[list[str], list[str]]:
    """Values of the queries and of the gallery that are equal for a hit: `identity` the persons, `image` the images."""
    if hit == "identity":
        return [q.person for q in queries], [r.person for r in gallery]
    if hit == "image":
        return [q.image for q in queries], [r.image for r in gallery]
    raise UserError(f"hit: {hit!r} is unknown; use identity or image")


def with_parts(scorer: Scorer, draw: Draw, rows: Iterator[RankRow]) -> Iterator[RankRow]:
    """Yield the rows of a draw, with the cosines of their parts where the system compares parts."""
    return with_cosines(rows, partial(scorer.cosines, draw)) if scorer.cosines else rows


def reference_scorer(spec: PredictSpec) -> Scorer:
    """Scores without a training: random or the oracle's."""
    scorer = class_named(spec.class_path)(spec)
    return Scorer(lambda draw: scorer.blocks(draw.queries, draw.gallery, spec.block))


def trained_scorer(spec: PredictSpec, trained: TrainedSpec, records: list[Record]) -> Scorer:
    """Scores of a trained system; every record is encoded once, whatever the draws."""
    # Not at the top: a reference is scored without torch.
    with clock.span("imports"):
        from glalign.data.retrieval_set import RetrievalSet  # noqa: PLC0415
        from glalign.data.sources import SplitRecords  # noqa: PLC0415
        from glalign.engine.encode import Encoded, load_trained  # noqa: PLC0415
        from glalign.support.torch_settings import prepare  # noqa: PLC0415

    device = prepare(trained.threads, trained.device)
    model = load_trained(trained, Path(trained.run), device)
    with clock.span("data"):
        data = RetrievalSet.of([SplitRecords.of(spec.test, records)], records, model, trained.data, trained.dress)
        cut = count_cut((query.caption for query in data.queries), model.tokenizer)
    limit = model.tokenizer.context_length
    log.info("captions longer than %d tokens, which are cut: %d of %d", limit, cut, len(data.queries))
    parts = model.part_names if spec.top else ()
    with clock.span("prediction"):
        encoded = Encoded(model, data, device, parts=bool(parts))
    rows = {query.id: number for number, query in enumerate(data.queries)}
    columns = {record.image: number for number, record in enumerate(data.gallery)}

    def blocks(draw: Draw) -> Iterator[np.ndarray]:
        query_rows = [rows[query.id] for query in draw.queries]
        return encoded.blocks(spec.block, query_rows, [columns[record.image] for record in draw.gallery])

    def cosines(draw: Draw, found: list[RankRow]) -> np.ndarray:
        asked = [rows[row.query.removeprefix(draw.prefix)] for row in found]
        return encoded.part_cosines(asked, np.array([[columns[image] for image, _ in row.top] for row in found]))

    return Scorer(blocks, parts, cosines if parts else None)


def with_progress(blocks: Iterator[np.ndarray], progress: Progress) -> Iterator[np.ndarray]:
    """Yield the same blocks and show their queries in the progress bar."""
    for block in blocks:
        yield block
        progress.update(len(block))

"""Reference scores without a training: random scores (floor), and an oracle that knows the true attributes (ceiling).

A reference scorer takes a `PredictSpec`; `blocks(queries, gallery, block)` yields consecutive (b, G) scores.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glalign.contract.query_ids import split_query
from glalign.contract.records import Query, Record
from glalign.contract.specs.scoring import PredictSpec
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for


class RandomScores:
    """Independent uniform scores; they do not depend on the block size."""

    def __init__(self, spec: PredictSpec) -> None:
        self.seed = seed_for(spec.root_seed, "random scores", spec.seed)

    def blocks(self, queries: Sequence[Query], gallery: Sequence[Record], block: int) -> Iterator[np.ndarray]:
        """Yield consecutive rows of one stream of doubles."""
        rng = np.random.default_rng(self.seed)
        for low in range(0, len(queries), block):
            yield rng.random((min(block, len(queries) - low), len(gallery)))


class OracleScores:
    """The number of facts of a caption that an image satisfies, minus those that it contradicts.

    The facts come from the generator's truth.json. An attribute that is not visible in the image counts 0. Images that
    fit equally well are tied, and ties count against the query: the oracle cannot guess.
    """

    needs = frozenset({"truth"})

    def __init__(self, spec: PredictSpec) -> None:
        """Raises: UserError when the test set has no truth.json, or the file is damaged."""
        if spec.test.truth is None:
            raise UserError("oracle: this test set has no truth.json; the oracle needs a synthetic data set")
        self.path = spec.test.truth
        try:
            truth: Any = read_json(self.path)
            self.images = {image: dict(entry["visible"]) for image, entry in truth.items()}
            captions = [((image, i), facts) for image in truth for i, facts in enumerate(truth[image]["facts"])]
            self.facts = {key: [(attribute, value) for attribute, value in facts] for key, facts in captions}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{self.path}: not a generator's truth file ({error!r}); synthesize it again") from error

    def blocks(self, queries: Sequence[Query], gallery: Sequence[Record], block: int) -> Iterator[np.ndarray]:
        """Yield consecutive rows of scores: small whole numbers as float32, exact."""
        named = [self._named(query) for query in queries]
        columns = {fact: i for i, fact in enumerate(sorted({f for facts in named for f in facts}, key=repr))}
        agreement = np.zeros((len(columns), len(gallery)), np.float32)
        for place, record in enumerate(gallery):
            if record.image not in self.images:
                raise UserError(f"{self.path}: image {record.image} is missing; synthesize the data set again")
            visible = self.images[record.image]
            for (attribute, value), column in columns.items():
                if attribute in visible:
                    agreement[column, place] = 1 if visible[attribute] == value else -1
        for low in range(0, len(queries), block):
            chosen = named[low : low + block]
            counts = np.zeros((len(chosen), len(columns)), np.float32)
            for row, facts in enumerate(chosen):
                np.add.at(counts[row], [columns[fact] for fact in facts], 1)
            yield counts @ agreement

    def _named(self, query: Query) -> list[tuple[str, Any]]:
        """Facts that the query's caption names."""
        key = (query.image, split_query(query.id).caption)
        if key not in self.facts:
            raise UserError(f"{self.path}: caption {query.id} is missing; synthesize the data set again")
        return self.facts[key]

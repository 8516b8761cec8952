"""Expected Rank-1 in a smaller gallery, from the ranks in the whole one.

The smaller gallery has the query's person and others drawn at random. The query is a hit there if none of the people
with an image above its own is drawn. Every person of a gallery has queries (D27), which tell the person of an image.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from glalign.contract.query_ids import draw_of, split_query
from glalign.evaluation.ranking import RankRow


def gallery_people(rows: Sequence[RankRow]) -> int:
    """People of the gallery; of the first draw, where there are several."""
    first = draw_of(rows[0].query)
    return len({row.person for row in rows if draw_of(row.query) == first})


def hit_chances(rows: Sequence[RankRow], people: int) -> np.ndarray:
    """(Q,) probability that each query of one gallery is a hit at Rank-1 when its gallery has `people` people.

    The people above a query are exact as far as the row names its first entries. Beyond, they are the fewest that the
    rank allows, which bounds the probability from above. With as many people as there are, hits are 0 or 1.
    """
    person = {split_query(row.query).image: row.person for row in rows}
    images = Counter(person.values())
    others, most = len(images) - 1, max(images.values())
    # chance[d]: that none of d people is among `people` - 1 of the others.
    left = others - np.arange(others)
    chance = np.concatenate([[1.0], np.cumprod(np.maximum(left - (people - 1), 0) / left)])
    above = []
    for row in rows:
        ahead = row.hits[0] - 1
        named = {person[image] for image, _ in row.top[:ahead]}
        above.append(len(named) if ahead <= len(row.top) else max(len(named), -(-ahead // most)))
    return np.asarray(chance[np.array(above)])

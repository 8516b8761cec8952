"""An evaluator written as the definitions read, with loops: what the fast one is tested against."""


def naive_ranks(scores, query_targets, gallery_targets, in_favour=False):
    """Per query the ranks of its positives, ascending, by sorting the whole row in Python."""
    result = []
    for row, target in zip(scores, query_targets, strict=True):
        entries = []
        for score, other in zip(row, gallery_targets, strict=True):
            hit = other == target
            first_at_a_tie = 0 if hit == in_favour else 1
            entries.append((-float(score), first_at_a_tie, hit))
        entries.sort(key=lambda entry: entry[:2])
        result.append([rank for rank, entry in enumerate(entries, start=1) if entry[2]])
    return result


def naive_percentages(ranks):
    """rank1, rank5, rank10, map, minp in percent of a list of rank lists."""
    n = len(ranks)
    values = {f"rank{k}": 100 * sum(1 for hits in ranks if hits[0] <= k) / n for k in (1, 5, 10)}
    precision = inverse = 0.0
    for hits in ranks:
        total = 0.0
        for found, rank in enumerate(hits, start=1):
            total += found / rank
        precision += total / len(hits)
        inverse += len(hits) / hits[-1]
    return values | {"map": 100 * precision / n, "minp": 100 * inverse / n}

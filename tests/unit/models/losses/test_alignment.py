"""ViTAA's losses against plain loops written from their formulas."""

import math

import pytest
import torch

from glalign.models.losses.alignment import (
    Margins,
    global_alignment,
    k_reciprocal,
    local_alignment,
    mask_loss,
    normalised_softmax,
    part_labels,
)

MARGINS = Margins()


def random_parts(batch: int, seed: int, share: float = 0.6) -> tuple[torch.Tensor, ...]:
    """Cosines (3, B, B), same (B, B), shown and named (3, B); the last part is shown by nobody."""
    stream = torch.Generator().manual_seed(seed)
    scores = torch.rand(3, batch, batch, generator=stream, dtype=torch.float64) * 2 - 1
    person = torch.randint(0, max(1, batch // 2), (batch,), generator=stream)
    shown, named = torch.rand(2, 3, batch, generator=stream) < share
    shown[2] = False
    return scores, person[:, None] == person[None, :], shown, named


def test_labels_are_the_parts_that_cover_more_than_half():
    shares = torch.zeros(2, 5, 1, 2)
    shares[0, 0, 0] = torch.tensor([0.51, 0.5])
    shares[0, 2, 0, 0] = 1.0  # as of a dress: two parts in one cell
    shares[1, 4, 0, 1] = 0.9
    labels, shown = part_labels(shares)
    assert labels.shape == (5, 2, 1, 2)
    assert labels[:, 0, 0].tolist() == [[1, 0], [0, 0], [3, 0], [0, 0], [0, 0]]
    assert labels[:, 1, 0].tolist() == [[0, 0], [0, 0], [0, 0], [0, 0], [0, 5]]
    assert shown.T.tolist() == [[True, False, True, False, False], [False] * 4 + [True]]


def test_mask_loss_is_the_mean_over_cells():
    torch.manual_seed(1)
    logits, labels = torch.randn(4, 6, 3, 2, dtype=torch.float64), torch.randint(0, 6, (4, 3, 2))
    terms = [
        -math.log(math.exp(logits[n, labels[n, y, x], y, x]) / sum(math.exp(v) for v in logits[n, :, y, x]))
        for n in range(4)
        for y in range(3)
        for x in range(2)
    ]
    assert float(mask_loss(logits, labels)) == pytest.approx(sum(terms) / 24, rel=1e-9)


def test_identity_loss_is_the_softmax_of_scaled_cosines():
    torch.manual_seed(1)
    features, prototypes = torch.randn(4, 3, dtype=torch.float64), 7 * torch.randn(5, 3, dtype=torch.float64)
    person = torch.tensor([4, 0, 0, 2])
    terms = []
    for f, p in zip(features, person.tolist(), strict=True):
        cosines = [float(f @ w / (f.norm() * w.norm())) for w in prototypes]
        terms.append(-math.log(math.exp(28 * cosines[p]) / sum(math.exp(28 * c) for c in cosines)))
    loss = normalised_softmax(features, prototypes, person, 28.0)
    assert float(loss) == pytest.approx(sum(terms) / 4, rel=1e-9)


def pull(s: float) -> float:
    return math.log(1 + math.exp(-10 * (s - 0.6)))


def push(s: float) -> float:
    return math.log(1 + math.exp(40 * (s - 0.4)))


@pytest.mark.parametrize("persons", [1, 3, 6])
def test_global_alignment_is_the_plain_loop(persons):
    torch.manual_seed(persons)
    scores, person = torch.rand(6, 6, dtype=torch.float64) * 2 - 1, torch.arange(6) % persons
    total = 0.0
    for table in (scores, scores.T):  # rows, then columns
        for i in range(6):
            for j in range(6):
                s = float(table[i, j])
                total += pull(s) if person[i] == person[j] else push(s)
    loss = global_alignment(scores, person[:, None] == person[None, :], MARGINS)
    assert float(loss) == pytest.approx(total / 6, rel=1e-6)


def plain_reciprocal(scores, shown, named, k):
    """For one part: F(i) and G(j) as sets, from sorted lists of the samples that are there."""
    size = len(scores)
    forward = {
        i: set(sorted((j for j in range(size) if named[j]), key=lambda j: -scores[i, j])[:k])
        for i in range(size)
        if shown[i]
    }
    back = {
        j: set(sorted((i for i in range(size) if shown[i]), key=lambda i: -scores[i, j])[:k])
        for j in range(size)
        if named[j]
    }
    return {(i, j) for i in forward for j in forward[i] if i in back[j]}


@pytest.mark.parametrize("k", [0, 1, 3, 8, 50])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_reciprocal_pairs_are_the_plain_sets(k, seed):
    scores, _, shown, named = random_parts(12, seed)
    pairs = k_reciprocal(scores, shown[:, :, None] & named[:, None, :], k)
    for part in range(3):
        found = {tuple(pair) for pair in pairs[part].nonzero().tolist()}
        assert found == plain_reciprocal(scores[part], shown[part], named[part], k)


def test_reciprocal_pairs_differ_between_rows_and_skip_absent_samples():
    """The two faults of the released code: one index for all rows of a part; absent samples among the nearest."""
    scores = torch.full((1, 4, 4), -0.5)
    scores[0].fill_diagonal_(0.5)
    scores[0, :, 3] = 0.9  # nearest of all, but nobody names the part in caption 3
    named = torch.tensor([True, True, True, False])
    pairs = k_reciprocal(scores, named[None, None].expand(1, 4, 4), 1)
    assert pairs[0].tolist() == (torch.eye(4, dtype=torch.bool) & named).tolist()


def plain_local(scores, same, shown, named, k):
    """Per part and sample, a row over the captions that name it and a column over the images that show it."""
    parts, size = shown.shape
    total = 0.0
    for p in range(parts):
        extra = plain_reciprocal(scores[p], shown[p], named[p], k)
        for i in range(size):
            if not shown[p, i]:
                continue
            pairs = [(i, j) for j in range(size) if named[p, j]]
            if named[p, i]:
                pairs += [(r, i) for r in range(size) if shown[p, r]]
            for r, j in pairs:
                s = float(scores[p, r, j])
                total += (pull(s) if same[r, j] or (r, j) in extra else push(s)) / size / parts
    return total


@pytest.mark.parametrize(("batch", "seed", "share"), [(12, 0, 0.6), (9, 1, 0.3), (4, 2, 1), (1, 3, 1), (12, 4, 0)])
def test_local_alignment_is_the_plain_loop(batch, seed, share):
    scores, same, shown, named = random_parts(batch, seed, share)
    loss = local_alignment(scores, same, shown, named, 3, MARGINS)
    assert float(loss) == pytest.approx(plain_local(scores, same, shown, named, 3), rel=1e-6, abs=1e-12)


def test_absent_samples_get_no_gradient():
    scores, same, shown, named = random_parts(12, 0)
    scores.requires_grad_()
    local_alignment(scores, same, shown, named, 3, MARGINS).backward()
    assert torch.equal(scores.grad != 0, shown[:, :, None] & named[:, None, :])

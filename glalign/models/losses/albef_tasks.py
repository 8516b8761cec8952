"""ALBEF's training tasks (salesforce/ALBEF@b9727e4): pairs for image-text matching, and masked word pieces."""

import torch
from torch import Generator, Tensor

from glalign.contract.tokenizer import MarkedTokenizer
from glalign.models.host_copies import sent
from glalign.models.losses.masking import mask_tokens
from glalign.models.towers.bert import padding_mask


def sample_from_logits(logits: Tensor, generator: Generator | None) -> Tensor:
    """Draw an index (...) of the last axis from the softmax of `logits`; -inf is drawn only if all others are -inf too.

    By the Gumbel-max rule, with uniform draws of the CPU's `generator` on whatever device the logits are.
    """
    uniform = sent(torch.rand(logits.shape, generator=generator), logits)
    return (logits - (-uniform.log()).log()).argmax(dim=-1)


def hard_negative_pairs(
    image_to_text: Tensor, text_to_image: Tensor, person: Tensor, generator: Generator | None, hardness: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Select the pairs for image-text matching: B matching ones, then up to 2 B hard negatives.

    Every text gets an image, and every image a text, of another person, drawn from the softmax of the row's logits (B,
    B) times `hardness` (ALBEF: 1). A batch of one person has no negatives. Returns text rows, image rows and labels (1
    for a match), each (P,). person: (B,), better on the host, which has to know P.
    """
    other = person[:, None] != person[None, :]
    logits, same = [hardness * side.detach() for side in (text_to_image, image_to_text)], sent(~other, image_to_text)
    images, texts = (sample_from_logits(side.masked_fill(same, -torch.inf), generator) for side in logits)
    own = torch.arange(len(person), device=same.device)
    usable = sent(other.any(dim=1).nonzero()[:, 0], same)
    labels = (torch.arange(len(own) + 2 * len(usable), device=same.device) < len(own)).long()
    return torch.cat([own, usable, texts[usable]]), torch.cat([own, images[usable], usable]), labels


def mask_word_pieces(
    ids: Tensor, lengths: Tensor, tokenizer: MarkedTokenizer, share: float, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Apply `mask_tokens` by ALBEF's rule: all tokens but padding and start mark may be chosen.

    A random token is any of the vocabulary, marks included.
    """
    ordinary = ~padding_mask(lengths, ids.shape[1])
    ordinary[:, 0] = False
    return mask_tokens(ids, ordinary, tokenizer.mask_id, (0, tokenizer.vocab_size), share, generator)


def masked_positions(chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the chosen positions of each row of `chosen` (B, T) bool, in order, and which of them are no fillers.

    Both are (B, M), with M the largest number of a row but at least 1; rows with fewer are filled up. `chosen` is read,
    better on the host.
    """
    most = max(1, int(chosen.sum(dim=1).max()))
    positions = chosen.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    return positions, chosen.gather(1, positions)

"""What a model that reads captions with images is trained on: hard pairs to tell apart, masked words to predict."""

import torch
from torch import Generator, Tensor

from glalign.contract.tokenizer import Tokenizer
from glalign.models.losses.masking import mask_tokens
from glalign.models.towers.bert import padding_mask


def sample_from_logits(logits: Tensor, generator: Generator | None) -> Tensor:
    """(...) an index of the last axis of `logits`, drawn from their softmax; -inf is never drawn if anything else can.

    By the Gumbel-max rule, whose uniform draws come from the CPU's `generator` on whatever device the logits are.
    """
    uniform = torch.rand(logits.shape, generator=generator).to(logits.device)
    return (logits - (-uniform.log()).log()).argmax(dim=-1)


def hard_negative_pairs(
    image_to_text: Tensor,
    text_to_image: Tensor,
    person: Tensor,
    generator: Generator | None,
    hardness: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of texts, rows of images and labels (P,) of pairs to judge: B right ones, then up to 2 B wrong ones.

    Every text gets an image, and every image a text, of another person, drawn from the softmax of the row's logits
    (B, B) times `hardness`; a batch of one person has no wrong pairs. Source: salesforce/ALBEF@b9727e4 (hardness 1).
    """
    other = person[:, None] != person[None, :]
    logits = (hardness * side.detach() for side in (text_to_image, image_to_text))
    images, texts = (sample_from_logits(side.masked_fill(~other, -torch.inf), generator) for side in logits)
    own = torch.arange(len(person), device=person.device)
    usable = own[other.any(dim=1)]
    labels = (torch.arange(len(own) + 2 * len(usable), device=person.device) < len(own)).long()
    return torch.cat([own, usable, texts[usable]]), torch.cat([own, images[usable], usable]), labels


def mask_word_pieces(
    ids: Tensor, lengths: Tensor, tokenizer: Tokenizer, share: float, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """`mask_tokens` by ALBEF's rule: all but padding and the start mark may be chosen, the end mark too; a random token
    is any of the vocabulary, marks included (salesforce/ALBEF@b9727e4)."""
    ordinary = ~padding_mask(lengths, ids.shape[1])
    ordinary[:, 0] = False
    return mask_tokens(ids, ordinary, tokenizer.mask_id, (0, tokenizer.vocab_size), share, generator)


def masked_positions(chosen: Tensor) -> tuple[Tensor, Tensor]:
    """The chosen positions of each row in order, (B, M) with M the most of any row but at least 1, and (B, M) bool:
    which of these are chosen and not fillers. chosen (B, T) bool."""
    most = max(1, int(chosen.sum(dim=1).max()))
    at = chosen.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    return at, chosen.gather(1, at)

"""IRRA (Jiang & Ye, CVPR 2023): CLIP towers tied by similarity distribution matching and masked words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.language.tokenizers import Tokenizer
from glalign.models.backbones import clip_towers
from glalign.models.lengths import length_groups, lengths_of
from glalign.models.retriever import Batch, Facts, Features, Retriever
from glalign.models.weights import load_weights
from glalign.options import from_mapping

MASKED_SHARE = 0.15  # of the ordinary tokens, as in BERT; of these 80 % become the mask, 10 % a random token
MASK, RANDOM = 0.8, 0.1
SDM_EPS = 1e-8
HEAD_WIDTH = 64  # channels per attention head, as everywhere in CLIP


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (anosorae/IRRA@cfc2378).

    backbone, weights: the CLIP towers and their file. tau: temperature of the similarity distributions. cross_depth:
    blocks after the cross-attention. share_masked_ids: the matching and identity losses see the masked captions too.
    """

    backbone: str = "clip-vit-b-16"
    weights: str = "clip-vit-b-16"
    tau: float = 0.02
    cross_depth: int = 4
    share_masked_ids: bool = True


class Irra(Retriever):
    """Global embeddings matched by SDM and identity, with masked words predicted from the image as a training aid.

    Source: anosorae/IRRA@cfc2378, reimplemented from a description of it.

    Kept: final LN and projection on all tokens, class token and end-of-text token as global features; SDM with
    temperature .02 and KL(p || q), both directions summed; identity loss of one shared linear layer (weights
    N(0, .001)) on features that are not normalised, mean of both sides; masked language modelling from the text tokens
    through cross-attention (no residual, one LN for keys and values, no padding mask) and 4 CLIP blocks, with its
    initialisation; the masking rule; the three losses with weight 1; the learning-rate rules by parameter name
    (cross modules x5, biases x2 without decay, classifier and head x5). As released, the ids are masked in place, so
    that SDM and identity loss see masked captions too (issues 13 and 29 there; the author saw lower accuracy when he
    separated them): `share_masked_ids`. Adam with eps 1e-3, rate 1e-5, decay 4e-5, 5 of 60 epochs of warm-up from a
    tenth, then cosine, are `optim:` values; 384 x 128 pixels, flip, padded crop and erasing are `data:` values.

    Simplified: the vocabulary head runs on the masked positions only (the loss is a mean over these, so that nothing
    changes but the time); captions of similar length are read together, so that there is less padding, and what is left
    of it attends in the blocks as in the original; full precision (original: half-precision weights, the reason for its
    large eps); position tables are resized bicubically (original: bilinearly); LR per step (original: per epoch).

    Not done: choosing the epoch by the test split, which is what the released default does.
    """

    def __init__(self, options: Options, towers: nn.Module, identities: int):
        super().__init__()
        from open_clip.transformer import QuickGELU, ResidualAttentionBlock  # noqa: PLC0415  (3 s, like the towers)

        self.options, self.towers, self.tokenizer = options, towers, towers.tokenizer
        self.patch_grid = towers.patch_grid
        width = towers.embed_dim
        heads = max(1, width // HEAD_WIDTH)
        self.classifier = nn.Linear(width, identities)
        self.ln_text, self.ln_image, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.cross_attention = nn.MultiheadAttention(width, heads, batch_first=True)
        blocks = [ResidualAttentionBlock(width, heads, act_layer=QuickGELU) for _ in range(options.cross_depth)]
        self.cross_blocks = nn.Sequential(*blocks)
        self.mlm_head = nn.Sequential(
            nn.Linear(width, width), QuickGELU(), nn.LayerNorm(width), nn.Linear(width, self.tokenizer.vocab_size)
        )
        self._initialise(width)

    def _initialise(self, width: int) -> None:
        """Normal values: attention d^-.5, outputs of residual branches d^-.5 (2 depth)^-.5, MLP inputs (2 d)^-.5."""
        outer = width**-0.5 * (2 * self.options.cross_depth) ** -0.5
        inner = (2 * width) ** -0.5
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)
        for attention in (self.cross_attention, *(block.attn for block in self.cross_blocks)):
            nn.init.normal_(attention.in_proj_weight, std=width**-0.5)
            nn.init.normal_(attention.out_proj.weight, std=outer)
        for block in self.cross_blocks:
            nn.init.normal_(block.mlp.c_fc.weight, std=inner)
            nn.init.normal_(block.mlp.c_proj.weight, std=outer)
        nn.init.normal_(self.mlm_head[0].weight, std=inner)
        nn.init.normal_(self.mlm_head[3].weight, std=outer)

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], facts: Facts, weights: Path | None) -> "Irra":
        """See Retriever.build."""
        options = from_mapping(Options, model, "model")
        towers = clip_towers(options.backbone, image_size)
        if weights is not None:
            load_weights(towers, weights, options.weights)
        return cls(options, towers, facts.identities)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `sdm`, `id` and `mlm`."""
        masked, chosen = mask_tokens(batch.tokens, self.tokenizer, batch.generator)
        image_tokens = self.towers.image_tokens(batch.pixels)
        masked_text = self.towers.text_tokens(masked)
        shared = self.options.share_masked_ids
        image = image_tokens[:, 0]
        text = at_end(masked_text, masked) if shared else at_end(self.towers.text_tokens(batch.tokens), batch.tokens)
        scores = F.normalize(image) @ F.normalize(text).T
        names = [F.cross_entropy(self.classifier(side), batch.person) for side in (image, text)]
        return {
            "sdm": sdm(scores, batch.person, self.options.tau) + sdm(scores.T, batch.person, self.options.tau),
            "id": (names[0] + names[1]) / 2,
            "mlm": self.masked_word_loss(masked_text, image_tokens, batch.tokens, chosen),
        }

    def masked_word_loss(self, text: Tensor, image: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
        """Cross-entropy of the original `ids` at the `chosen` positions; text (B, T, E), image (B, N, E) tokens."""
        context, hidden, targets = self.ln_image(image), [], []
        for rows, length in length_groups(lengths_of(ids)):
            asked, shown, wanted = text[rows, :length], context[rows], chosen[rows, :length]
            mixed = self.cross_attention(self.ln_text(asked), shown, shown, need_weights=False)[0]
            hidden.append(self.cross_blocks(mixed)[wanted])
            targets.append(ids[rows, :length][wanted])
        logits = self.mlm_head(self.ln_post(torch.cat(hidden)))
        return F.cross_entropy(logits, torch.cat(targets), reduction="sum") / chosen.sum().clamp(min=1)

    def encode_images(self, batch: Batch) -> Features:
        """Normalised class token."""
        return {"global": F.normalize(self.towers.image_tokens(batch.pixels)[:, 0])}

    def encode_texts(self, batch: Batch) -> Features:
        """Normalised end-of-text token."""
        return {"global": F.normalize(at_end(self.towers.text_tokens(batch.tokens), batch.tokens))}

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """One group per pair of rate and decay; which parameter belongs where is `rule`."""
        groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                groups.setdefault(rule(name), []).append(parameter)
        for (factor, decays), params in groups.items():
            yield {"params": params, "lr": factor * lr, "weight_decay": weight_decay if decays else 0.0}


def rule(name: str) -> tuple[float, bool]:
    """Relative rate of a parameter and whether it decays; of the rules that apply to a name the last one wins.

    >>> rule("cross_attention.in_proj_weight"), rule("cross_attention.in_proj_bias"), rule("classifier.bias")
    ((5.0, True), (2.0, False), (5.0, False))
    """
    factor = 5.0 if "cross" in name else 1.0
    if "bias" in name:
        factor = 2.0
    if "classifier" in name or "mlm_head" in name:
        factor = 5.0
    return factor, "bias" not in name


def sdm(scores: Tensor, person: Tensor, tau: float) -> Tensor:
    """Similarity distribution matching: mean over rows of KL(p || q), p = softmax(scores / tau).

    scores (B, B) cosines, rows are queries. q spreads evenly over the columns of the row's person; eps 1e-8 keeps its
    logarithm finite. Source: Jiang and Ye, CVPR 2023 (SDM);
    anosorae/IRRA@cfc2378, its loss file.
    """
    same = (person[:, None] == person[None, :]).to(scores.dtype)
    target = same / same.sum(dim=1, keepdim=True)
    logs = F.log_softmax(scores / tau, dim=1)
    return (logs.exp() * (logs - torch.log(target + SDM_EPS))).sum(dim=1).mean()


def mask_tokens(ids: Tensor, tokenizer: Tokenizer, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Masked copy of `ids` (B, T) and the positions to predict (bool): BERT's rule, at least one per caption.

    An ordinary token (0 < id < mask_id: no padding, no mark) is chosen with probability .15; a chosen one becomes the
    mask (80 %), a random ordinary token (10 %) or stays (10 %). Where none is chosen the first ordinary one (position 1
    unless the caption starts with id 0) is masked. Source: anosorae/IRRA@cfc2378, dataset code.
    """
    mask_id = tokenizer.mask_id
    draws = torch.rand(2, *ids.shape, generator=generator).to(ids.device)
    random_ids = torch.randint(1, mask_id, ids.shape, generator=generator).to(ids.device)
    ordinary = (ids > 0) & (ids < mask_id)
    chosen = ordinary & (draws[0] < MASKED_SHARE)
    first = ordinary & (ordinary.cumsum(dim=1) == 1)
    forced = first & ~chosen.any(dim=1, keepdim=True)
    masked = ids.masked_fill((chosen & (draws[1] < MASK)) | forced, mask_id)
    replaced = chosen & (draws[1] >= MASK) & (draws[1] < MASK + RANDOM)
    return torch.where(replaced, random_ids, masked), chosen | forced


def at_end(tokens: Tensor, ids: Tensor) -> Tensor:
    """(B, E) token of the end-of-text mark, the largest id of a caption; tokens (B, T, E), ids (B, T)."""
    return tokens[torch.arange(len(ids), device=ids.device), ids.argmax(dim=1)]

"""Forms in which CLIP's weights are published, and their conversion to open_clip's names."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from glalign.models.towers.bert import renamed
from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease

EXTRAS = re.compile(r"(^|\.)attn_mask$|^(input_resolution|context_length|vocab_size)$|\.position_ids$")
"""Names of constants that OpenAI's and transformers' files hold among the weights: masks, sizes, position numbers."""

MARKS = ("visual.class_embedding", "vision_model.embeddings.class_embedding")
"""Name of the image tower's class token in open_clip's and OpenAI's files, and in transformers'."""

TRANSFORMERS = (
    (r"^text_model\.embeddings\.token_embedding\.", "token_embedding."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_projection\.weight$", "text_projection"),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),  # its own spelling
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^visual_projection\.weight$", "visual.proj"),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"\.self_attn\.", ".attn."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
)
"""Patterns of the names of transformers' CLIPModel (5.23.0) and their replacements, applied in this order."""


def open_clip_form(release: WeightRelease, tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return a CLIP's tensors under open_clip's names, without the constants of `EXTRAS`.

    OpenAI's names are open_clip's; those of transformers are converted. Raises: UserError if the file is a trained
    system with a CLIP inside.
    """
    for name in tensors:
        mark = next((mark for mark in MARKS if name.endswith(f".{mark}")), "")
        if prefix := name.removesuffix(mark) if mark else "":
            others = sum(not other.startswith(prefix) for other in tensors)
            raise UserError(
                f"{path}: not {release.name} but a trained system with a CLIP inside (below `{prefix}`, beside "
                f"{others} other tensors); to start from it, save that CLIP without the prefix as a file of your own "
                "and name it in `weights` (docs/weights.md shows how)"
            )
    kept = {name: value for name, value in tensors.items() if not EXTRAS.search(name)}
    return _from_transformers(kept) if MARKS[1] in kept else kept


def _from_transformers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename transformers' tensors; queries, keys and values are concatenated, the two projections transposed."""
    found: dict[str, Tensor] = {}
    named = renamed(tensors, TRANSFORMERS)
    for name, value in named.items():
        place, part, end = name.partition(".attn.q_proj.")
        if part:
            parts = (named.get(f"{place}.attn.{letter}_proj.{end}") for letter in "qkv")
            found[f"{place}.attn.in_proj_{end}"] = torch.cat([value for value in parts if value is not None])
        elif name in ("text_projection", "visual.proj"):
            found[name] = value.T
        elif not re.search(r"\.attn\.[kv]_proj\.", name):
            found[name] = value
    return found

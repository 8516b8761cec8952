"""Rename the tensors of released SegFormer files from transformers 4 to transformers 5."""

import re
from collections.abc import Mapping

from torch import Tensor

PATTERNS = (
    (r"^segformer\.encoder\.patch_embeddings\.(\d+)\.", r"segformer.stages.\1.patch_embeddings."),
    (r"^segformer\.encoder\.block\.(\d+)\.", r"segformer.stages.\1.blocks."),
    (r"^segformer\.encoder\.layer_norm\.(\d+)\.", r"segformer.stages.\1.layer_norm."),
    (r"\.attention\.self\.query\.", ".attention.q_proj."),
    (r"\.attention\.self\.key\.", ".attention.k_proj."),
    (r"\.attention\.self\.value\.", ".attention.v_proj."),
    (r"\.attention\.self\.sr\.", ".attention.sequence_reduction.sequence_reduction."),
    (r"\.attention\.self\.layer_norm\.", ".attention.sequence_reduction.layer_norm."),
    (r"\.attention\.output\.dense\.", ".attention.o_proj."),
    (r"\.mlp\.dense([12])\.", r".mlp.fc\1."),
    (r"\.layer_norm_1\.", ".layernorm_before."),
    (r"\.layer_norm_2\.", ".layernorm_after."),
    (r"^decode_head\.linear_c\.", "decode_head.linear_projections."),
)
"""Patterns and replacements, applied in this order (transformers 5.23.0, its table of renamed weights)."""


def current_names(tensors: Mapping[str, Tensor], about: object) -> dict[str, Tensor]:
    """Return the tensors under the names of transformers 5, which pass unchanged. An `adapt` of `load_weights`."""
    named = {}
    for old, value in tensors.items():
        name = old
        for pattern, new in PATTERNS:
            name = re.sub(pattern, new, name)
        named[name] = value
    return named

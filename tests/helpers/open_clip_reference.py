"""open_clip's CLIP of the same shape and with the same weights as our towers, for comparison."""

from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from torch import nn

from glalign.models.towers.clip import ClipShape, ClipTowers


def open_clip_twin(image_size: tuple[int, int], shape: ClipShape, vocabulary: int, dropout: float = 0.0) -> CLIP:
    """A CLIP with random weights; dropout stands before its residual sums, where others have a layer scale."""
    head, ratio = shape.head_width, shape.mlp_ratio
    vision = CLIPVisionCfg(shape.vision_layers, shape.vision_width, head, ratio, shape.patch, image_size)
    text = {"width": shape.text_width, "heads": shape.text_width // head, "layers": shape.text_layers}
    model = CLIP(shape.joint, vision, CLIPTextCfg(shape.context, vocabulary, **text, mlp_ratio=ratio), shape.quick_gelu)
    del model.logit_scale
    for block in (*model.visual.transformer.resblocks, *model.transformer.resblocks) if dropout else ():
        block.ls_1, block.ls_2 = nn.Dropout(dropout), nn.Dropout(dropout)
    return model


TINY = ClipShape(8, 128, 64, 2, 64, 2, head_width=32, mlp_ratio=3.0, merges=3582, quick_gelu=False)


def tiny_twin(towers: ClipTowers, image_size: tuple[int, int] = (64, 32)) -> CLIP:
    """The twin of tiny/clip, with the weights of `towers`."""
    model = open_clip_twin(image_size, TINY, towers.tokenizer.vocab_size).eval()
    model.load_state_dict(towers.state_dict())
    return model

"""What the trunk of the image backbones is pre-trained to tell."""

from types import SimpleNamespace

from glalign.pretraining.attributes import attribute_values


def test_sides_are_not_learnt_because_images_are_flipped() -> None:
    seen = ({"bag": "handbag", "bag_side": "left", "held_picture_side": "left", "sex": "man"},
            {"bag": "none", "bag_side": "right", "held_picture_side": "right", "sex": "man"})  # fmt: skip
    assert attribute_values(SimpleNamespace(attributes=seen)) == {"bag": ["handbag", "none"]}

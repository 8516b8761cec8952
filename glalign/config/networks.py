"""The networks that options of systems name, known without torch."""

NETWORKS: tuple[tuple[str, ...], ...] = (
    # CLIP, and a CLIP with a multilingual text tower: a system may have the one or the other by language.
    ("tiny/clip", "clip-vit-b-32", "clip-vit-b-16", "tiny/multilingual", "xlm-roberta-base-vit-b-32"),
    ("tiny/resnet", "resnet50"),
    ("tiny/vgg", "vgg16"),
    ("tiny/albef", "albef"),
    ("tiny/bert", "bert-base"),
    ("tiny/phobert", "phobert-base"),
    ("tiny/gpt2", "gpt2"),
)
"""Names of the networks that may stand in for one another (glalign/models/towers)."""


def alternatives(option: str, default: object) -> tuple[str, ...]:
    """The networks that an option may name; empty for one that names none.

    option: its name; one that ends in `weights` names a file. default: of the class, which tells the kind of network.
    """
    return () if option.endswith("weights") else next((names for names in NETWORKS if default in names), ())

"""The method of Pham et al. (KSE 2021), the paper's reference [13]: ViTAA for Vietnamese captions."""

from baselines.vitaa import Options, ViTAA

__all__ = ["Options", "Pham2021"]  # the options of a system are those of its module


class Pham2021(ViTAA):
    """ViTAA trained on Vietnamese words and on the phrases that a Vietnamese keyword list finds.

    Source: reimplementation from secondary description. The paper was not read and there is no public code: later
    papers describe it as ViTAA for Vietnamese. Everything else here is `baselines.vitaa.ViTAA`, whose source is
    Jarr0d/ViTAA@0bd7638.

    Kept: all of `ViTAA`; nothing in this class overrides it. The vocabulary is that of the Vietnamese training
    captions, cut into words by a segmenter (`segmenter: pyvi` under `by_language`): a word of several syllables,
    written with underscores (áo_khoác), is one word of the vocabulary. The phrases of each part are those that the
    Vietnamese list of `phrases:` finds. The `optim:` and `data:` values are ViTAA's.

    Simplified: as `ViTAA`. Which segmenter the paper used is not known.

    Not done: the changes of the paper in the network, in the losses or in the attributes, which are unknown. It is
    trained on Vietnamese only (`languages: [vi]` in its configuration), as the paper reports it on Vietnamese alone.
    """

"""The method of Pham et al. (MTAP 2022), the paper's reference [14]: a Dual-path network for Vietnamese captions."""

from baselines.dual_path import DualPath, Options

__all__ = ["Options", "Pham2022"]  # the options of a system are those of its module


class Pham2022(DualPath):
    """A ResNet-50 over pixels and a residual CNN like it over words, as Dual-path has them.

    Source: reimplementation from secondary description (DOI 10.1007/s11042-022-12138-1). The paper was not read and
    there is no public code: known are an image ResNet-50 and a text CNN like a ResNet-50, trained on Vietnamese.
    Everything else here is `baselines.dual_path.DualPath`, whose source is layumi/Image-Text-Embedding@eefe0f2.

    Kept: all of `DualPath`; nothing in this class overrides it. It is the same network with the same losses and the
    same rule for its dictionary, on Vietnamese captions over the words of a segmenter (`segmenter: pyvi` under
    `by_language`), where a word of several syllables, written with underscores (áo_khoác), is one entry of the
    dictionary. On English captions it differs from Dual-path in its random numbers alone, which depend on the name of
    the system, and a difference between the two rows of a table is chance.

    Simplified: as `DualPath`.

    Not done: the changes of the paper in layers, losses, dropout, stage lengths or word vectors, all unknown.
    """

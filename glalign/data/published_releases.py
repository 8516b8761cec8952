"""What the published releases consist of, and whom to ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Counts = Mapping[str, Mapping[str, int]]
"""Split, in the release's words -> images, captions, ids."""


@dataclass(frozen=True)
class PublishedDataset:
    """A release as its paper, or what public loaders of it show, describes it.

    counts: complete where the release is. source: where they are from. ask: how one gets the release. folders:
    sub-folder -> the dataset its images were taken from. remark: what does not add up in what is published.
    """

    counts: Counts
    source: str
    ask: str
    folders: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""


OFFICIAL = {
    # The release of Li et al. (CVPR 2017): 11,003 / 1,000 / 1,000 people, 40,206 images, 80,440 captions.
    "train": {"images": 34_054, "captions": 68_126, "ids": 11_003},
    "val": {"images": 3_078, "captions": 6_158, "ids": 1_000},
    "test": {"images": 3_074, "captions": 6_156, "ids": 1_000},
}

SOURCES = {
    # Sub-folder -> the dataset its images were taken from.
    "cam_a": "VIPeR",
    "cam_b": "VIPeR",
    "CUHK01": "CUHK01",
    "CUHK03": "CUHK03",
    "Market": "Market-1501",
    "test_query": "CUHK-SYSU",
    "train_query": "CUHK-SYSU",
}

CUHK_PEDES = PublishedDataset(
    OFFICIAL,
    "counted in reid_raw.json (Li et al. 2017)",
    "CUHK-PEDES is given out by its authors by e-mail, for research; recent recipients got only some folders: "
    "ask them for the rest, unpack it to imgs/<folder>/ and verify again.",
    SOURCES,
)
CUHK_PEDES_VN = PublishedDataset(
    OFFICIAL,
    "as CUHK-PEDES, of which it is a translation",
    "The Vietnamese captions are not public: ask the authors of the paper, or translate them yourself and run "
    "`glalign translation fill`. The images are CUHK-PEDES's, given out by its authors by e-mail, for research.",
    SOURCES,
)
VN3K = PublishedDataset(
    {
        "train": {"images": 4_302, "captions": 8_604, "ids": 2_000},
        "test": {"images": 2_000, "captions": 4_000, "ids": 1_000},
    },
    "3,000 people, 6,302 images (Pham et al. 2022); 2,000 test images and 4,000 captions in public loaders",
    "3000VnPerson-Search is given out on request, for non-commercial research: ask its authors (Pham et al., "
    "Multimedia Tools and Applications 2022) for what is missing and verify again.",
    remark="The paper says 12,602 captions, two fewer than two per image.",
)
V2E = PublishedDataset(
    VN3K.counts,
    "as 3000VnPerson-Search, of which it is a translation",
    "The English captions are not public: ask the authors of the paper, or translate the Vietnamese ones yourself and "
    "run `glalign translation fill`. The images are those of 3000VnPerson-Search, given out on request.",
    remark="The two papers that test on it rank 3,998 or 4,000 captions.",
)
ICFG_PEDES = PublishedDataset(
    {
        "train": {"images": 34_674, "captions": 34_674, "ids": 3_102},
        "test": {"images": 19_848, "captions": 19_848, "ids": 1_000},
    },
    "Ding et al. 2021",
    "ICFG-PEDES is given out by its authors for research; its images are MSMT17's: ask both for what is missing.",
    {"train": "MSMT17", "test": "MSMT17"},
    "The folders train and test are MSMT17's and not the split.",
)
RSTPREID = PublishedDataset(
    {
        "train": {"images": 18_505, "captions": 37_010, "ids": 3_701},
        "val": {"images": 1_000, "captions": 2_000, "ids": 200},
        "test": {"images": 1_000, "captions": 2_000, "ids": 200},
    },
    "Zhu et al. 2021",
    "RSTPReid is given out by its authors for research: ask them for what is missing.",
    remark="An older release has 3,901 / 100 / 100 people.",
)


def _some(splits: tuple[str, ...], **changed: Mapping[str, int]) -> PublishedDataset:
    """CUHK-PEDES as other code writes it: some of its splits, some of them changed."""
    counts = {split: changed.get(split, OFFICIAL[split]) for split in splits}
    return PublishedDataset(counts, CUHK_PEDES.source, CUHK_PEDES.ask, SOURCES)


PUBLISHED: Mapping[str, PublishedDataset] = MappingProxyType(
    {
        "cuhk_pedes": CUHK_PEDES,
        "cuhk_pedes_vn": CUHK_PEDES_VN,
        "vn3k": VN3K,
        "vn3k_vi": VN3K,
        "v2e": V2E,
        "vn3k_mixed_vi": VN3K,
        "vn3k_mixed_en": V2E,
        "icfg_pedes": ICFG_PEDES,
        "rstpreid": RSTPREID,
        "rasa": CUHK_PEDES,
        "tbps_clip": _some(("train", "test")),
        "vitaa": CUHK_PEDES,
        "aptm": CUHK_PEDES,
        # Three training identities with one image each are left out; how many captions they have is not published.
        "ssan": _some(("train", "val", "test"), train={"images": 34_051, "ids": 11_000}),
    }
)
"""Format -> what is published of it."""

"""Published sizes of the releases, and where to ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from glalign.contract.formats import FORMATS
from glalign.contract.image_sources import CUHK_FOLDERS
from glalign.contract.published_counts import published_counts

Counts = Mapping[str, Mapping[str, int]]
"""Name of a split in the release -> images, captions, ids."""


@dataclass(frozen=True)
class PublishedDataset:
    """A release as its paper, or what public loaders of it show, describes it.

    title: name. counts: of the complete release. source: origin of the counts. ask: how to get the release. folders:
    sub-folder -> the dataset that its images come from. remark: contradictions between published numbers. or_captions:
    captions of a split by another publication.
    """

    title: str
    counts: Counts
    source: str
    ask: str
    folders: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    or_captions: Mapping[str, int] = field(default_factory=dict)

    def difference(self, split: str, found: Mapping[str, int]) -> dict[str, int]:
        """Return found minus published, by images, captions and ids; 0 for captions that either publication has."""
        off = {what: found[what] - number for what, number in self.counts[split].items()}
        return off | ({"captions": 0} if found["captions"] == self.or_captions.get(split) else {})

    def is_complete(self, splits: Mapping[str, Mapping[str, int]]) -> bool:
        """Whether these are the published counts of all splits and there are no others."""
        present = {name for name, counts in splits.items() if counts["images"]}
        return present == self.counts.keys() and not any(any(self.difference(s, splits[s]).values()) for s in present)


def _published(label: str, ask: str, folders: Mapping[str, str] | None = None, remark: str = "") -> PublishedDataset:
    """Return the dataset `label` of published_counts.csv."""
    splits = {split: counts for (name, split), counts in published_counts().items() if name == label}
    numbers = {s: {"images": c.images, "captions": c.captions, "ids": c.identities} for s, c in splits.items()}
    source = "; ".join({c.source: None for c in splits.values()})
    also = {s: c.captions_in_paper for s, c in splits.items()}
    return PublishedDataset(label, numbers, source, ask, folders or {}, remark, also)


RELEASES = {
    "CUHK-PEDES": _published(
        "CUHK-PEDES",
        "CUHK-PEDES is given out by its authors by e-mail, for research; recent recipients got only some folders: "
        "ask them for the rest, unpack it to imgs/<folder>/ and verify again.",
        CUHK_FOLDERS,
    ),
    "CUHK-PEDES-VN": _published(
        "CUHK-PEDES-VN",
        "The Vietnamese captions are not public: ask the authors of the paper, or translate them yourself and run "
        "`glalign translation fill`. The images are CUHK-PEDES's, given out by its authors by e-mail, for research.",
        CUHK_FOLDERS,
    ),
    "3000VnPerson-Search": _published(
        "3000VnPerson-Search",
        "3000VnPerson-Search is given out by its authors (Pham et al., Multimedia Tools and Applications 2022) for "
        "non-commercial academic research: sign the commitment of its page, send it to lan.lethi1@hust.edu.vn, ask for "
        "what is missing and verify again.",
        remark="Published are 6,302 images and 12,602 captions; two for each image would be 12,604.",
    ),
    "3000Vn-V2E": _published(
        "3000Vn-V2E",
        "The English captions are not public: ask the authors of the paper, or translate the Vietnamese ones yourself "
        "and run `glalign translation fill`. The images are those of 3000VnPerson-Search, given out on request.",
        remark="The two papers that test on it rank 3,998 or 4,000 captions.",
    ),
    "ICFG-PEDES": _published(
        "ICFG-PEDES",
        "ICFG-PEDES is given out by its authors for research; its images are MSMT17's: ask both for what is missing.",
        {"train": "MSMT17", "test": "MSMT17"},
        "The folders train and test are MSMT17's and not the split.",
    ),
    "RSTPReid": _published(
        "RSTPReid",
        "RSTPReid is given out by its authors for research: ask them for what is missing.",
        remark="An older release has 3,901 / 100 / 100 people.",
    ),
}
"""Label of a dataset -> what is published of it."""

_CUHK = RELEASES["CUHK-PEDES"]
_WITHOUT_VAL = {split: _CUHK.counts[split] for split in ("train", "test")}
# SSAN leaves out three training identities with one image each; how many captions they have is not published.
_SSAN = {**_CUHK.counts, "train": {"images": 34_051, "ids": 11_000}}

PUBLISHED: Mapping[str, PublishedDataset] = MappingProxyType(
    {kind: RELEASES.get(release_format.title, _CUHK) for kind, release_format in FORMATS.items()}
    | {"tbps_clip": replace(_CUHK, counts=_WITHOUT_VAL), "ssan": replace(_CUHK, counts=_SSAN)}
)
"""Format -> what is published of the release; CUHK-PEDES's counts for formats of other systems' code."""

OTHERS = {"icfg": "ICFG-PEDES", "rstp": "RSTPReid"}
"""What the names of other systems' files have in them -> the release that they hold."""


def published(kind: str, names: str, splits: Mapping[str, Mapping[str, int]]) -> PublishedDataset:
    """Return what is published of the release that a folder holds.

    A format of other systems' code holds CUHK-PEDES, or the release that `names` (of its files) tell, or the one whose
    published counts are those of all its splits.
    """
    own = PUBLISHED[kind]
    if FORMATS[kind].title in RELEASES or own.is_complete(splits):
        return own
    for part, title in OTHERS.items():
        if part in names.casefold():
            return RELEASES[title]
    return next((release for release in RELEASES.values() if release.is_complete(splits)), own)

"""Which datasets the images of a release were cut from: two of one source may show the same people."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from glalign.contract.formats import find_format

CUHK_FOLDERS: Mapping[str, str] = MappingProxyType({
    "cam_a": "VIPeR", "cam_b": "VIPeR", "CUHK01": "CUHK01", "CUHK03": "CUHK03", "Market": "Market-1501",
    "test_query": "CUHK-SYSU", "train_query": "CUHK-SYSU",
})  # fmt: skip
"""Sub-folder of CUHK-PEDES -> the dataset that its images come from (Li et al. 2017, who call CUHK-SYSU SSM)."""

_CUHK = tuple(dict.fromkeys(CUHK_FOLDERS.values()))
_VN3K = ("3000VnPerson-Search",)
_MSMT = ("MSMT17",)
IMAGES_FROM: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "CUHK-PEDES": _CUHK, "CUHK-PEDES-VN": _CUHK, "3000VnPerson-Search": _VN3K, "3000Vn-V2E": _VN3K,
    "ICFG-PEDES": _MSMT, "RSTPReid": _MSMT,
})  # fmt: skip
"""Release -> sources of its images. ICFG-PEDES: Ding et al. 2021. RSTPReid: Zhu et al. 2021."""


def images_from(kind: str, label: str) -> tuple[str, ...]:
    """Return the sources of a release in the format `kind`.

    Formats of other systems' code hold several releases: there the label tells, and CUHK-PEDES is meant by default.
    """
    title = find_format(kind).title
    return IMAGES_FROM.get(title) or IMAGES_FROM.get(label) or _CUHK


def common(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Return the sources that two datasets have in common, as the first spells them; case and hyphens do not count."""
    theirs = {_plain(name) for name in other}
    return tuple(name for name in one if _plain(name) in theirs)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))

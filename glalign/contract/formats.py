"""Layouts of the releases: file names and keys, one for each `format`. No file is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from glalign.support.errors import UserError


@dataclass(frozen=True)
class ReleaseLayout:
    """Files and keys of a release.

    title: name of the release. annotations: JSON (or pickle) file below the root; `{split}` in it stands for the
    release's name of a split if each split has its own file. images: folder below the root. image, person, captions:
    keys of an entry. splits: the release's names, in its order. per_caption: an entry is one caption, not one image.
    under: key of the list of entries if the document is an object. shift: added to identity numbers, so that a
    processed copy has the numbers of the original. prefix: start of image paths that repeats the image folder's name.
    language: of the captions.
    """

    title: str
    annotations: str
    images: str = "imgs"
    image: str = "file_path"
    person: str = "id"
    captions: str = "captions"
    splits: tuple[str, ...] = ("train", "val", "test")
    per_caption: bool = False
    under: str | None = None
    shift: int = 0
    prefix: str = ""
    language: str = "en"


VN3K = "3000VnPerson-Search"
VN3K_SPLITS = ("train", "validate", "test")
VN3K_V2E = "vn3k_V2E_NP_Split_final_process_token.json"

FORMATS: Mapping[str, ReleaseLayout] = MappingProxyType(
    {
        # Releases, as their owners or public loaders lay them out.
        "cuhk_pedes": ReleaseLayout("CUHK-PEDES", "reid_raw.json"),
        "cuhk_pedes_vn": ReleaseLayout("CUHK-PEDES-VN", "reid_raw_vn.json", language="vi"),
        "vn3k": ReleaseLayout(VN3K, "data_captions_vn3k.json", splits=VN3K_SPLITS, language="vi"),
        "vn3k_vi": ReleaseLayout(VN3K, "vn3k.json", "images", splits=VN3K_SPLITS, language="vi"),
        "v2e": ReleaseLayout("3000Vn-V2E", VN3K_V2E, "images", splits=VN3K_SPLITS),
        "vn3k_mixed_vi": ReleaseLayout(VN3K, "data_captions.json", splits=VN3K_SPLITS, language="vi"),
        "vn3k_mixed_en": ReleaseLayout("3000Vn-V2E", "data_captions.json", captions="en_captions", splits=VN3K_SPLITS),
        "icfg_pedes": ReleaseLayout("ICFG-PEDES", "ICFG-PEDES.json", splits=("train", "test")),
        "rstpreid": ReleaseLayout("RSTPReid", "data_captions.json", image="img_path"),
        # CUHK-PEDES as the code of other systems writes it.
        "rasa": ReleaseLayout("CUHK-PEDES as RaSa processes it", "processed_data/{split}.json"),
        "tbps_clip": ReleaseLayout(
            "CUHK-PEDES as TBPS-CLIP processes it", "{split}_reid.json", splits=("train", "test")
        ),
        "vitaa": ReleaseLayout(
            "CUHK-PEDES as ViTAA and TextReID process it",
            "annotations/{split}.json",
            captions="sentence",
            per_caption=True,
            under="annotations",
            shift=1,
        ),
        "aptm": ReleaseLayout(
            "CUHK-PEDES as APTM processes it",
            "data/finetune/cuhk_{split}.json",
            "images/CUHK-PEDES",
            image="image",
            person="image_id",
            captions="caption",
            per_caption=True,
        ),
        "ssan": ReleaseLayout(
            "CUHK-PEDES as SSAN and SRCF process it",
            "processed_data/{split}_save.pkl",
            image="img_path",
            per_caption=True,
            prefix="imgs/",
        ),
    }
)
"""Format -> layout."""

SPLIT_FIELD = "{split}"
"""Placeholder of the release's name of a split in a file name."""


@dataclass(frozen=True)
class DatasetRelease:
    """A release in a folder. annotations: split of the release -> file; a single file of all splits has the key ""."""

    layout: ReleaseLayout
    root: str
    annotations: Mapping[str, str]
    images: str


def dataset_release(entry: Mapping[str, Any], name: str = "") -> DatasetRelease:
    """Return the paths of a dataset's entry {format, root, annotations, images, splits}; they need not exist.

    annotations, images: names below the root in place of the layout's. splits: only files of the release's splits named
    here are included. Raises: UserError naming an unknown format.
    """
    layout = find_format(entry["format"], f"datasets.{name}.format")
    root = str(PurePosixPath(entry["root"]))
    pattern = entry.get("annotations") or layout.annotations
    wanted = entry["splits"].values() if SPLIT_FIELD in pattern else ("",)
    files = {split: f"{root}/{pattern.replace(SPLIT_FIELD, split)}" for split in wanted if split is not None}
    return DatasetRelease(layout, root, files, f"{root}/{entry.get('images') or layout.images}")


def find_format(kind: str, where: str = "format") -> ReleaseLayout:
    """Return the layout of a format. Raises: UserError naming the key `where` and the known formats."""
    if kind not in FORMATS:
        raise UserError(f"{where}: {kind!r}; known are {', '.join(FORMATS)}")
    return FORMATS[kind]

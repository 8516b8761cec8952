"""How each release writes what the suite reads: file names and keys as a table, one line for each `format`.

No file is touched here: the plan asks the table for paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from glalign.support.errors import UserError


@dataclass(frozen=True)
class Dialect:
    """Where a release keeps its annotations and what they are called there.

    title: the release's name. annotations: the JSON (or pickle) below the root; `{split}` in it stands for the
    release's name of a split, where each has a file of its own. images: folder below the root. image, person, captions:
    keys of an entry. splits: the release's names, in its order. per_caption: an entry is one caption, not one image.
    under: key of the list of entries, where the document is an object. shift: what is added to identity numbers, so
    that a processed copy numbers people as the original. prefix: what image paths begin with and the image folder's
    name says already.
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


VN3K_SPLITS = ("train", "validate", "test")
VN3K_V2E = "vn3k_V2E_NP_Split_final_process_token.json"

FORMATS: Mapping[str, Dialect] = MappingProxyType(
    {
        # Releases, as their owners or public loaders lay them out.
        "cuhk_pedes": Dialect("CUHK-PEDES", "reid_raw.json"),
        "cuhk_pedes_vn": Dialect("CUHK-PEDES-VN", "reid_raw_vn.json"),
        "vn3k": Dialect("3000VnPerson-Search", "data_captions_vn3k.json", splits=VN3K_SPLITS),
        "vn3k_vi": Dialect("3000VnPerson-Search", "vn3k.json", "images", splits=VN3K_SPLITS),
        "v2e": Dialect("3000Vn-V2E", VN3K_V2E, "images", splits=VN3K_SPLITS),
        "vn3k_mixed_vi": Dialect("3000VnPerson-Search", "data_captions.json", splits=VN3K_SPLITS),
        "vn3k_mixed_en": Dialect("3000Vn-V2E", "data_captions.json", captions="en_captions", splits=VN3K_SPLITS),
        "icfg_pedes": Dialect("ICFG-PEDES", "ICFG-PEDES.json", splits=("train", "test")),
        "rstpreid": Dialect("RSTPReid", "data_captions.json", image="img_path"),
        # CUHK-PEDES as the code of other systems writes it.
        "rasa": Dialect("CUHK-PEDES as RaSa processes it", "processed_data/{split}.json"),
        "tbps_clip": Dialect("CUHK-PEDES as TBPS-CLIP processes it", "{split}_reid.json", splits=("train", "test")),
        "vitaa": Dialect(
            "CUHK-PEDES as ViTAA and TextReID process it",
            "annotations/{split}.json",
            captions="sentence",
            per_caption=True,
            under="annotations",
            shift=1,
        ),
        "aptm": Dialect(
            "CUHK-PEDES as APTM processes it",
            "data/finetune/cuhk_{split}.json",
            "images/CUHK-PEDES",
            image="image",
            person="image_id",
            captions="caption",
            per_caption=True,
        ),
        "ssan": Dialect(
            "CUHK-PEDES as SSAN and SRCF process it",
            "processed_data/{split}_save.pkl",
            image="img_path",
            per_caption=True,
            prefix="imgs/",
        ),
    }
)
"""Format -> its dialect."""

EACH = "{split}"
"""In a file name: the release's name of a split."""


@dataclass(frozen=True)
class DatasetRelease:
    """A dialect at a place. annotations: split of the release -> its file; one file of all has the key ""."""

    dialect: Dialect
    root: str
    annotations: Mapping[str, str]
    images: str


def dataset_release(entry: Mapping[str, Any], name: str = "") -> DatasetRelease:
    """The files of a dataset's entry {format, root, annotations, images, splits}, whether they are there or not.

    annotations and images, when given, replace the dialect's, below the root. Only the files of the splits that
    `splits` names are wanted. Raises: UserError naming an unknown format.
    """
    dialect = format_of(entry["format"], f"datasets.{name}.format")
    root = str(entry["root"])
    pattern = entry.get("annotations") or dialect.annotations
    wanted = dict.fromkeys(split for split in entry["splits"].values() if split is not None)
    files = {split: f"{root}/{pattern.replace(EACH, split)}" for split in (wanted if EACH in pattern else ("",))}
    return DatasetRelease(dialect, root, files, f"{root}/{entry.get('images') or dialect.images}")


def format_of(kind: str, where: str = "format") -> Dialect:
    """The dialect of a format. Raises: UserError naming the key `where` and the formats that there are."""
    if kind not in FORMATS:
        raise UserError(f"{where}: {kind!r}; known are {', '.join(FORMATS)}")
    return FORMATS[kind]

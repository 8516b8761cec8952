"""Read SSAN's and SRCF's pickles of CUHK-PEDES without running code in them."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glalign.storage.pickle_bounds import bounded_pickle
from glalign.support.errors import UserError

DROPPED = (1369, 4116, 6116)
"""Training identities with one image, which SSAN's preprocessing drops before it numbers the others from 0."""


def read_pickle(path: Path) -> list[object]:
    """Read rows {id, img_path, captions}: one per caption (train, val), or per image with a list (test).

    The file is a dict of columns of equal length. Identity numbers are converted back to CUHK-PEDES's. Raises:
    UserError for a file that contains any class but arrays (which are skipped), is truncated or has other columns.
    """
    try:
        with path.open("rb") as file:
            columns = _DataUnpickler(bounded_pickle(file)).load()
    except _ForbiddenClassError as error:
        refusal = f"{path}: refused: it wants to run {error}; read the release's reid_raw.json instead"
        raise UserError(refusal) from error
    except Exception as error:  # a damaged pickle raises nearly anything
        raise UserError(f"{path}: not a readable pickle ({error}); fetch it again") from error
    if not isinstance(columns, dict) or not {"id", "img_path", "captions"} <= columns.keys():
        raise UserError(f"{path}: not a dict with id, img_path and captions; use SSAN's or SRCF's preprocessing")
    per_image = columns.get("caption_matching_img_index") is not None
    wanted = ["id", "img_path", "captions", *(["caption_matching_img_index"] if per_image else [])]
    if not all(isinstance(columns[name], list) for name in wanted):
        raise UserError(f"{path}: {', '.join(wanted)} are not lists; use SSAN's or SRCF's preprocessing")
    return _per_image(columns, path) if per_image else _per_caption(columns, path)


def _per_caption(columns: Mapping[str, Any], path: Path) -> list[object]:
    people, images, captions = columns["id"], columns["img_path"], columns["captions"]
    if not len(people) == len(images) == len(captions):
        raise UserError(f"{path}: its columns differ in length; fetch it again")
    rows = zip(people, images, captions, strict=True)
    return [{"id": _original(p), "img_path": image, "captions": text} for p, image, text in rows]


def _per_image(columns: Mapping[str, Any], path: Path) -> list[object]:
    people, images = columns["id"], columns["img_path"]
    rows = [{"id": p, "img_path": image, "captions": []} for p, image in zip(people, images, strict=False)]
    places, captions = columns["caption_matching_img_index"], columns["captions"]
    known = all(isinstance(place, int) and 0 <= place < len(rows) for place in places)
    if len(people) != len(images) or len(places) != len(captions) or not known:
        raise UserError(f"{path}: its columns do not fit together; fetch it again")
    for place, caption in zip(places, captions, strict=True):
        rows[place]["captions"].append(caption)
    return list(rows)


def _original(person: object) -> object:
    """Convert the number of an identity of train or val back to the release's."""
    if not isinstance(person, int):
        return person
    person += 1
    for dropped in DROPPED:
        person += person >= dropped
    return person


class _ForbiddenClassError(Exception):
    """A pickle names a class or function, which unpickling would call."""


class _SkippedArray:
    """Placeholder of an array, without its content."""

    def __new__(cls, *_: object) -> "_SkippedArray":
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        pass


class _DataUnpickler(pickle.Unpickler):
    """Unpickler of plain Python values. Arrays become `_SkippedArray`; other classes are refused."""

    def find_class(self, module: str, name: str) -> type:
        if module.partition(".")[0] == "numpy" or (module, name) == ("_codecs", "encode"):
            return _SkippedArray
        raise _ForbiddenClassError(f"{module}.{name}")

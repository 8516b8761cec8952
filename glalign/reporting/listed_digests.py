"""The digests that the metadata of a bundle list, read without the library that wrote them: a bundle is not trusted."""

from urllib.parse import unquote

from glalign.reporting.bundled_files import AGAIN
from glalign.storage.json_files import parse_json
from glalign.support.errors import UserError

METADATA = "ro-crate-metadata.json"


def listed_digests(text: bytes, place: str) -> dict[str, str]:
    """Name -> SHA-256 of the files that the metadata of a bundle list. They are no signature: anyone can write them.

    Raises: UserError for a text that is no such metadata.
    """
    graph = parse_json(text, place, AGAIN)
    try:
        files = [one for one in graph["@graph"] if one["@type"] == "File"]
        return {unquote(str(one["@id"])): str(one["sha256"]) for one in files}
    except (KeyError, TypeError) as error:
        raise UserError(f"{place}: no list of files with their digests; {AGAIN}") from error

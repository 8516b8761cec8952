"""JSON files as typed values: one reader, one message for whatever does not fit."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from glalign.config.base import Section
from glalign.storage.json_files import parse_json
from glalign.storage.whole_files import read_text
from glalign.support.errors import UserError

Kind = TypeVar("Kind", bound=Section)
AGAIN = "delete the file and run again"
NOT_MADE = "run the workflow, which makes it"


def read_typed(path: Path | str, kind: type[Kind], remedy: str = AGAIN) -> Kind:
    """Read a JSON file as `kind`.

    Raises: UserError naming the file, the first key that is missing, unknown or of another type, and `remedy`.
    """
    text = read_text(path, NOT_MADE if remedy == AGAIN else remedy)
    parse_json(text, path, remedy)  # pydantic would keep the last value of a duplicate key
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"{path}: {describe(error)}; {remedy}") from error


def describe(error: ValidationError) -> str:
    """The first complaint of a validation in a few words, with its key."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "json_invalid":
            return f"not valid JSON ({first['ctx']['error']})"
        case "missing":
            return f"key `{key}` is missing"
        case "extra_forbidden":
            return f"key `{key}` is unknown"
        case "refused":  # by the section, which names the key below itself
            return f"key `{f'{key}.' if key else ''}{first['ctx']['below']}`: {first['ctx']['sentence']}"
        case _:
            return f"{f'key `{key}`: ' if key else ''}{first['input']!r:.80} does not fit ({first['msg']})"

"""The levels of every nuisance of a test set, from the files of the generator and the translator."""

from collections.abc import Sequence

from glalign.config.typed_json import NOT_MADE
from glalign.evaluation.nuisances import NUISANCES, Level, levels
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError


def read_levels(
    truth: str, translation: str, queries: Sequence[str], persons: Sequence[int | str], scenario: str
) -> dict[str, list[Level]]:
    """Nuisance -> its levels, easiest first; empty where it is not known.

    truth, translation: paths; the latter is empty where captions are not translated. queries, persons: (Q,) of the
    scenario or test set `scenario`.
    Raises: UserError for files that do not belong to the queries.
    """
    facts, log = read_json(truth, NOT_MADE), read_json(translation, NOT_MADE) if translation else None
    try:
        return {nuisance: levels(nuisance, facts, log, queries, persons) for nuisance in NUISANCES}
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        files = ", ".join(filter(None, (truth, translation)))
        raise UserError(f"{files}: not of the queries of {scenario} ({error!r}); make the data again") from error

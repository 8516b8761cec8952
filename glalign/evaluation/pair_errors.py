"""Where a phrase goes wrong between a caption and a region, pair by pair (Section 5.2)."""

from collections.abc import Sequence
from pathlib import Path

from glalign.contract.phrase_rows import read_phrase_rows
from glalign.evaluation.phrase_truth import FoundPhrase, TruePhrase, overlap


def read_found(path: Path | str) -> dict[tuple[str, int], list[FoundPhrase]]:
    """Read the phrases of every (image, index) from the file of the stage `phrases`, which the training uses.

    `printed` of a phrase is empty. Raises: UserError naming the line that is not a row of phrases.
    """
    return {
        key: [FoundPhrase(one["start"], one["end"], (one["region"],) if one["region"] else (), ()) for one in phrases]
        for key, phrases in read_phrase_rows(path).items()
    }


def wrongly_mapped(found: Sequence[FoundPhrase], true: Sequence[TruePhrase]) -> bool:
    """Whether a found phrase has a region that none of the true phrases has with which it shares a character.

    A found phrase that shares no character with a true one maps nothing that was written: it counts for nothing.
    """
    for own in found:
        hits = [one.region for one in true if overlap(own, one)]
        if hits and any(region not in hits for region in own.regions):
            return True
    return False


def missed(found: Sequence[FoundPhrase], true: Sequence[TruePhrase]) -> bool:
    """Whether no found phrase that shares a character with a true phrase of a region has that region."""
    return any(
        phrase.region and not any(phrase.region in own.regions for own in found if overlap(own, phrase))
        for phrase in true
    )

"""What captions are like: their vocabulary, rare words and habits, for real and synthetic data alike."""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from glalign.contract.records import read_manifest
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError, printable
from glalign.support.random_streams import seed_for

SAMPLE = 20_000
"""Number of words among which types and hapaxes are counted, as these grow with the text."""
WORD = {"en": re.compile(r"[a-z0-9'-]+"), "vi": re.compile(r"[^\W_]+")}
"""Language -> a word of a lower-cased caption; of Vietnamese mostly a syllable."""
VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
COLOUR = ("(?:black|white|gr[ae]y|blue|red|pink|purple|green|teal|yellow|orange|brown|tan|beige|khaki|blonde?|dark"
          "|light|maroon|navy|cream)")  # fmt: skip
WORN = ("(?:hair|shirt|t-shirt|top|blouse|sweater|jacket|coat|dress|skirt|pants|jeans|shorts|slacks|trousers|leggings"
        "|shoes?|sneakers|boots|sandals|heels|flats|footwear|bag|backpack|purse|hat|cap)")  # fmt: skip
HABITS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "left or right": r"\b(?:left|right)\b",
        "viewpoint": r"\b(?:seen from|from behind|from the (?:back|front|side)|facing|profile|camera|viewed)\b",
        "pair of": r"\bpairs? of\b",
        "glasses": r"glasses\b",
        "colour as predicate": rf"\b{WORN} (?:is|are) (?!\w+ing\b)(?:[\w-]+,? ){{0,3}}?{COLOUR}\b",
    },
    "vi": {
        "left or right": r"\b(?:trái|phải)\b",
        "mask": r"khẩu trang",
        "hat": r"\b(?:mũ|nón)\b",
        "colour word": r"\bmàu\b",
    },
}
"""Language -> habit -> pattern in the lower-cased caption."""


def read_captions(path: Path) -> list[str]:
    """Read the captions of a manifest (JSON lines), of an annotation file (JSON) or of a synthetic dataset's folder.

    Raises: UserError naming a file that holds no captions.
    """
    file = path / "reid_raw.json" if path.is_dir() else path
    if not file.is_file():
        what = "no such file" if file == path else "the folder holds no reid_raw.json"
        raise UserError(f"{path}: {what}; name a manifest or an annotation file")
    if file.suffix != ".json":
        return [caption for record in read_manifest(file) for caption in record.captions]
    rows = read_json(file)
    found = [row.get("captions") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else []
    captions = [text for texts in found if isinstance(texts, list) for text in texts if isinstance(text, str)]
    if not captions:
        raise UserError(f"{file}: no entry with `captions`; name a manifest, an annotation file or a dataset's folder")
    return captions


def caption_statistics(
    captions: Sequence[str], language: str | None = None, sample: int = SAMPLE
) -> dict[str, str | int | float]:
    """Count the vocabulary and the habits of captions; shares are percent of the captions, to a tenth.

    types, hapaxes: different words, and those that come once, of the first `sample` words of the captions in random
    order. duplicates: captions that are not the first with their text. language: "en" or "vi"; None: the one that the
    captions look like. Raises: UserError if there are none.
    """
    if not captions:
        raise UserError("no captions to count; name a file that has some")
    language = language or _language(captions)
    shuffled = list(captions)
    random.Random(seed_for(0, "caption statistics")).shuffle(shuffled)
    words = [word for caption in shuffled for word in WORD[language].findall(caption.lower())]
    counts = Counter(words[:sample])
    habits = {name: re.compile(pattern) for name, pattern in HABITS[language].items()}

    def share(hits: int) -> float:
        return round(100 * hits / len(captions), 1)

    return {
        "language": language,
        "captions": len(captions),
        "words per caption": round(len(words) / len(captions), 1),
        "words counted": min(sample, len(words)),
        "types": len(counts),
        "hapaxes": sum(count == 1 for count in counts.values()),
        "duplicates": share(len(captions) - len(set(captions))),
        "several sentences": share(sum(re.search(r"[.!?]\s*\w", text) is not None for text in captions)),
        "lower-case start": share(sum(text[:1].islower() for text in captions)),
        "capitals only": share(sum(text.isupper() for text in captions)),
        **{name: share(sum(pattern.search(text.lower()) is not None for text in captions))
           for name, pattern in habits.items()},
    }  # fmt: skip


def describe(columns: Mapping[str, Mapping[str, str | int | float]]) -> str:
    """Set the figures of several files side by side. columns: file -> what `caption_statistics` returns."""
    rows = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    cells = ([name, *(str(one.get(name, "")) for one in columns.values())] for name in rows)
    table = [["", *map(printable, columns)], *cells]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join([first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(rest, widths[1:], strict=True))])
             for first, *rest in table)  # fmt: skip
    return "\n".join(line.rstrip() for line in lines)


def _language(captions: Sequence[str]) -> str:
    """Return "vi" if most captions have a letter that English lacks, else "en"."""
    return "vi" if 2 * sum(bool(VIETNAMESE.search(text.lower())) for text in captions) > len(captions) else "en"

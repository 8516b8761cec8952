"""The table of docs/phrases.md: phrases of Vietnamese captions by `phrases.source`, beside those of the translator.

python benchmarks/phrase_sources.py [RESULTS]     after `snakemake --cores 2 RESULTS/table2.csv` (default: results)
"""

import logging
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from glalign.contract.phrase_rows import Key, Phrase, read_phrase_rows
from glalign.contract.records import captions_by_key, read_manifest
from glalign.contract.specs.data import PhrasesSpec, SourceCaptions
from glalign.evaluation.phrase_truth import ALL, OVERALL, FoundPhrase, compare_with_truth, read_truth
from glalign.language.phrases import make_phrases


def main(results: Path) -> None:
    """Print a row for each source, over all captions of `cuhk_vi`, as it is configured in the demo."""
    manifests, data = results / "manifests", results / "data/cuhk_vi"
    captions = captions_by_key(read_manifest(manifests / "cuhk_vi.jsonl"))
    true = read_truth(data / "truth.json", captions)
    assert true is not None, "the translator records the phrases that it writes"
    log = {"manifest": str(manifests / "cuhk_en.jsonl"), "translation": str(data / "translation.json")}
    print(f"captions of cuhk_vi: {len(captions):,}")
    for source in (None, SourceCaptions(language="en", **log)):
        found = found_by(PhrasesSpec(
            manifest=str(manifests / "cuhk_vi.jsonl"), language="vi", chunker="spacy", match="words", several="nearest",
            segmenter="pyvi", translated_from=source,
        ))  # fmt: skip
        phrases = [regions_of(found[key]) for key in captions]
        parts = compare_with_truth(list(captions.values()), phrases, [true[key] for key in captions], "vi")
        part, count = parts[OVERALL], sum(map(len, phrases))
        cells = [
            f"{count / len(captions):.2f}",
            f"{sum(bool(one.regions) for ones in phrases for one in ones) / len(captions):.2f}",
            share(part.right, part.true),
            share(part.confirmed_region, part.extracted),
        ]
        print("|", " | ".join(["`translated`" if source else "`caption`", *cells]), "|", f"{parts[ALL].true:,} true")


def found_by(spec: PhrasesSpec) -> Mapping[Key, Sequence[Phrase]]:
    """The phrases of a job."""
    with tempfile.TemporaryDirectory() as folder:
        make_phrases(spec, Path(folder) / "phrases.jsonl")
        return read_phrase_rows(Path(folder) / "phrases.jsonl")


def regions_of(rows: Sequence[Phrase]) -> list[FoundPhrase]:
    """The phrases of a caption, each with all of its regions."""
    regions: dict[tuple[int, int], list[str]] = {}
    for row in rows:
        regions.setdefault((row["start"], row["end"]), []).extend([row["region"]] if row["region"] else [])
    return [FoundPhrase(*place, tuple(found), ()) for place, found in regions.items()]


def share(part: int, whole: int) -> str:
    """A share in percent with its counts."""
    return f"{100 * part / whole:.1f} % ({part:,} of {whole:,})"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # how many phrases are left out
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))

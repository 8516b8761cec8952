"""How many noun phrases the printed keyword lists map to a part of the body (Table 2), and how many of them rightly."""

from collections.abc import Sequence
from pathlib import Path

from glalign.contract.records import read_manifest
from glalign.contract.regions import REGIONS
from glalign.contract.results import CoverageRecord, PartCounts
from glalign.contract.specs.data import CoverageSpec
from glalign.evaluation.phrase_truth import ALL, NO_PART, OVERALL, FoundPhrase, compare_with_truth, read_truth
from glalign.language.lexicon import load_lexicon
from glalign.language.phrases import NounPhrase, find_noun_phrases
from glalign.storage.whole_files import write_json
from glalign.support.progress import Progress


def make_coverage(spec: CoverageSpec, coverage: Path) -> None:
    """Write the `CoverageRecord` of all captions of a manifest.

    The phrases are those that the repaired keyword lists find, whatever lists the configuration trains with, and both
    lists map each phrase to regions (D32). `truth` is null without the generator's truth.json, or where that file names
    no phrases.
    """
    keys = [(r.image, i, caption) for r in read_manifest(spec.manifest) for i, caption in enumerate(r.captions)]
    captions = [caption for _, _, caption in keys]
    lists = [load_lexicon(name, spec.language, spec.match) for name in ("repaired", "paper")]
    with Progress(f"coverage of {Path(spec.manifest).stem}", len(keys), "caption") as progress:
        noun_phrases = find_noun_phrases(captions, spec, lists[0], progress.update)

    def label(one: NounPhrase) -> FoundPhrase:
        return FoundPhrase(one.start, one.end, *(words.regions_of(one.keyword_text, spec.several) for words in lists))

    found = [list(map(label, ones)) for ones in noun_phrases]
    true = read_truth(spec.truth, keys) if spec.truth else None
    truth = None if true is None else compare_with_truth(captions, found, true, spec.language)
    parts = count_coverage([phrase for phrases in found for phrase in phrases])
    write_json(coverage, CoverageRecord(captions=len(keys), parts=parts, truth=truth).to_json())


def count_coverage(phrases: Sequence[FoundPhrase]) -> dict[str, PartCounts]:
    """Counts of the five regions, their sum, the phrases of no part, and all phrases."""
    counts: dict[str, tuple[int, ...]] = {}
    for region in REGIONS:
        own = [phrase.printed for phrase in phrases if region in phrase.regions]
        matched = sum(region in printed for printed in own)
        counts[region] = (len(own), matched, sum(map(bool, own)) - matched)
    counts[OVERALL] = tuple(map(sum, zip(*counts.values(), strict=True)))
    parts = {}
    for part, (n, matched, elsewhere) in counts.items():
        share = 100 * matched / n if n else None
        parts[part] = PartCounts(phrases=n, matched=matched, elsewhere=elsewhere, coverage=share)
    no_part = sum(not phrase.regions for phrase in phrases)
    return parts | {NO_PART: PartCounts(phrases=no_part), ALL: PartCounts(phrases=counts[OVERALL][0] + no_part)}

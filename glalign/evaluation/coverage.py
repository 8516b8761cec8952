"""Coverage of noun phrases by the printed keyword lists (Table 2): of the true ones, and of those that are found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from glalign.contract.phrase_counts import CoverageRecord, PartCounts, PhraseTruth
from glalign.contract.records import captions_by_key, read_manifest
from glalign.contract.regions import REGIONS
from glalign.contract.specs.data import CoverageSpec
from glalign.evaluation.phrase_labels import Key, read_labels
from glalign.evaluation.phrase_truth import ALL, NO_PART, OVERALL, FoundPhrase, compare_with_truth, read_truth
from glalign.language.lexicon import load_lexicon
from glalign.language.noun_chunks import NounPhrase
from glalign.language.phrases import find_noun_phrases
from glalign.storage.whole_files import write_json
from glalign.support.progress import Progress

UNRECORDED = "true phrases unknown: the generator keeps none of these captions"
UNLABELLED = "true phrases unknown: label a sample (glalign phrases sample) and name it as labelled_phrases"
"""Why a dataset has no coverage."""


def make_coverage(spec: CoverageSpec, coverage: Path) -> None:
    """Write the `CoverageRecord` of all captions of a manifest.

    The phrases are those that the repaired keyword lists find, whatever lists the configuration trains with, and both
    lists map each phrase to regions (D32). The true phrases are those of a hand-labelled sheet, or else those that the
    generator recorded; without either, `truth` is null.
    """
    captions = captions_by_key(read_manifest(spec.manifest))
    lists = [load_lexicon(name, spec.language, spec.match) for name in ("repaired", "paper")]
    with Progress(f"coverage of {Path(spec.manifest).stem}", len(captions), "caption") as progress:
        noun_phrases = find_noun_phrases(list(captions.values()), spec, lists[0], progress.update)

    def label(one: NounPhrase) -> FoundPhrase:
        return FoundPhrase(one.start, one.end, *(words.regions_of(one.keyword_text, spec.several) for words in lists))

    found = {key: list(map(label, ones)) for key, ones in zip(captions, noun_phrases, strict=True)}
    parts = count_coverage([phrase for phrases in found.values() for phrase in phrases])
    truth = _compare(spec, captions, found)
    note = "" if truth else UNRECORDED if spec.truth else UNLABELLED
    write_json(coverage, CoverageRecord(captions=len(captions), parts=parts, truth=truth, note=note).to_json())


def _compare(
    spec: CoverageSpec, captions: Mapping[Key, str], found: Mapping[Key, Sequence[FoundPhrase]]
) -> PhraseTruth | None:
    """The found phrases beside the true ones, of the captions whose true phrases are known."""
    if spec.labels:
        sheet, true = read_labels(spec.labels, captions)
        known = {"source": "labelled", "captions": len(true), "sheet": sheet}
    elif spec.truth and (written := read_truth(spec.truth, captions)) is not None:
        true, known = written, {"source": "written", "captions": len(written)}
    else:
        return None
    texts, ours = [captions[key] for key in true], [found[key] for key in true]
    parts = compare_with_truth(texts, ours, list(true.values()), spec.language)
    return PhraseTruth.model_validate({**known, "parts": parts})


def count_coverage(phrases: Sequence[FoundPhrase]) -> dict[str, PartCounts]:
    """Counts of found phrases: the five regions, their sum, the phrases of no part, and all."""
    counts: dict[str, tuple[int, ...]] = {}
    for region in REGIONS:
        own = [phrase.printed for phrase in phrases if region in phrase.regions]
        matched = sum(region in printed for printed in own)
        counts[region] = (len(own), matched, sum(map(bool, own)) - matched)
    counts[OVERALL] = tuple(map(sum, zip(*counts.values(), strict=True)))
    parts = {}
    for part, (n, matched, elsewhere) in counts.items():
        share = 100 * matched / n if n else None
        parts[part] = PartCounts(phrases=n, matched=matched, elsewhere=elsewhere, relative_coverage=share)
    no_part = sum(not phrase.regions for phrase in phrases)
    return parts | {NO_PART: PartCounts(phrases=no_part), ALL: PartCounts(phrases=counts[OVERALL][0] + no_part)}

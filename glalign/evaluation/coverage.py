"""How many noun phrases the printed keyword lists map to a part of the body (Table 2), and how right they are."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glalign.contract.records import read_manifest
from glalign.contract.regions import REGIONS
from glalign.evaluation.phrase_truth import ALL, NO_PART, OVERALL, Labelled, compared, read_truth
from glalign.language.lexicon import load_lexicon
from glalign.language.phrases import find_noun_phrases
from glalign.storage.whole_files import write_json
from glalign.support.progress import Progress


def make_coverage(spec: Mapping[str, Any], out: Path) -> None:
    """Write the counts of all captions of a manifest as JSON: {captions, parts: `covered`, truth: `compared` or null}.

    spec: manifest, truth (a generator's truth.json, or None), language, and how phrases are found: chunker, match and
    several, as of `extract`. They are those that the repaired keyword lists find, whatever the configuration trains
    with, and both lists give each a region (D32). `truth` is null where there is none, or where it names no phrases.
    """
    keys = [(r.image, i, caption) for r in read_manifest(spec["manifest"]) for i, caption in enumerate(r.captions)]
    captions = [caption for _, _, caption in keys]
    lists = [load_lexicon(name, spec["language"], spec["match"]) for name in ("repaired", "paper")]
    with Progress(f"coverage of {Path(spec['manifest']).stem}", len(keys), "caption") as progress:
        found = find_noun_phrases(captions, spec, lists[0], progress.update)
    labelled = [
        [
            Labelled(p.start, p.end, *(words.regions_of(p.keyword_text, spec["several"]) for words in lists))
            for p in phrases
        ]
        for phrases in found
    ]
    true = read_truth(spec["truth"], keys) if spec["truth"] else None
    counts = {"captions": len(keys), "parts": covered(phrase for phrases in labelled for phrase in phrases)}
    known = None if true is None else compared(captions, labelled, true, spec["language"])
    write_json(out, {**counts, "truth": known})


def covered(phrases: Iterable[Labelled]) -> dict[str, dict[str, Any]]:
    """Part -> {phrases, matched, elsewhere, coverage}; of no part, and of all, the number of phrases alone.

    phrases: those that the repaired lists give the region. matched: of them, those that the printed lists give it too.
    elsewhere: those that the printed lists give another one. coverage: 100 matched / phrases, None of no phrase.
    """
    phrases = list(phrases)
    parts: dict[str, dict[str, Any]] = {}
    for region in REGIONS:
        own = [phrase for phrase in phrases if region in phrase.regions]
        parts[region] = {
            "phrases": len(own),
            "matched": sum(region in phrase.printed for phrase in own),
            "elsewhere": sum(bool(phrase.printed) and region not in phrase.printed for phrase in own),
        }
    parts[OVERALL] = {key: sum(part[key] for part in parts.values()) for key in ("phrases", "matched", "elsewhere")}
    for part in parts.values():
        part["coverage"] = 100 * part["matched"] / part["phrases"] if part["phrases"] else None
    parts[NO_PART] = {"phrases": sum(not phrase.regions for phrase in phrases)}
    parts[ALL] = {"phrases": parts[OVERALL]["phrases"] + parts[NO_PART]["phrases"]}
    return parts

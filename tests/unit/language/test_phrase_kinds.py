"""Phrases of short captions, each with one thing that is hard to read (phrase_kinds.yaml)."""

import re
from pathlib import Path

import pytest
import yaml

from glalign.contract.regions import REGIONS
from glalign.contract.specs.data import PhrasesSpec
from glalign.language.phrases import extract

KINDS = yaml.safe_load(Path(__file__).with_name("phrase_kinds.yaml").read_text(encoding="utf-8"))
CASES = [
    pytest.param(language, case, id=f"{language}: {kind}: {case['caption']}")
    for language, kinds in KINDS.items()
    for kind, cases in kinds.items()
    for case in cases
]


def found_in(caption: str, language: str, **options: str) -> list[tuple[str, str]]:
    spec = PhrasesSpec(manifest="", language=language, chunker="spacy", match="words", several="nearest")
    (phrases,) = extract([caption], spec.model_copy(update=options))
    texts = [re.sub(r"^(?:an?|the|his|her) (?=\w)", "", phrase["text"], flags=re.IGNORECASE) for phrase in phrases]
    return [(text, phrase["region"]) for text, phrase in zip(texts, phrases, strict=True)]


@pytest.mark.parametrize(("language", "case"), CASES)
def test_phrases(language: str, case: dict) -> None:
    found = found_in(case["caption"], language)
    named = [(text, region) for text, regions in case.get("named", {}).items() for region in full_names(regions)]
    assert [one for one in found if one[1]] == sorted(named, key=lambda one: case["caption"].index(one[0]))
    for text in case.get("unnamed", []):
        assert not [one for one in found if one[0] == text and one[1]], text


def full_names(letters: str) -> list[str]:
    return [region for region in REGIONS if region[0] in letters]

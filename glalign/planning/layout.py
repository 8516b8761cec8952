"""Where everything generated lives: one path per stage and output, as templates over ids.

The rules use the templates as they stand, the plan fills them in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

RUN = "{system}/{trainset}/seed{seed}"
KEYS: Mapping[str, str] = {
    "synthesize": "{dataset}",
    "translate": "{dataset}",
    "manifest": "{dataset}",
    "parse": "{dataset}",
    "phrases": "{dataset}",
    "coverage": "{dataset}",
    "phrase_counts": "phrases",
    "mismatch": "translation",
    "vocabulary": "{vocabulary}",
    "phobert_vocabulary": "{vocabulary}",
    "pretrain": "{weights}",
    "fit": RUN,
    "predict": f"{RUN}/{{testset}}",
    "metrics": f"{RUN}/{{testset}}",
    "table": "{table}",
    "size": "{system}",
    "systems": "systems",
    "compute": "compute",
    "significance": "mcnemar",
    "alpha_fit": "alpha{alpha}",
    "alpha": "alpha",
    "matrix": "matrix",
    "seeds": "seeds",
    "tune": "{system}/{trainset}/rate{rate}",
    "tuning": "tuning",
    "document": "tables",
}
"""Stage -> the ids that tell its jobs apart."""

OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "synthesize": {
        "annotations": "data/{dataset}/reid_raw.json",
        "truth": "data/{dataset}/truth.json",
        "images": "data/{dataset}/imgs",
        "labels": "data/{dataset}/labels",
        "folder": "data/{dataset}",
    },
    "translate": {
        "annotations": "data/{dataset}/reid_raw.json",
        "truth": "data/{dataset}/truth.json",
        "translation": "data/{dataset}/translation.json",
        "images": "data/{dataset}/imgs",
        "labels": "data/{dataset}/labels",
        "folder": "data/{dataset}",
    },
    "manifest": {"manifest": "manifests/{dataset}.jsonl", "statistics": "manifests/{dataset}.json"},
    "parse": {"parts": "parts/{dataset}", "report": "parts/{dataset}.json"},
    "phrases": {"phrases": "phrases/{dataset}.jsonl"},
    "coverage": {"coverage": "coverage/{dataset}.json"},
    "phrase_counts": {"csv": "phrases.csv"},
    "mismatch": {"csv": "translation.csv", "tex": "translation.tex"},
    "vocabulary": {"vocabulary": "pretrained/{vocabulary}.tokenizer.json"},
    "phobert_vocabulary": {
        "vocabulary": "pretrained/{vocabulary}.vocab.txt",
        "merges": "pretrained/{vocabulary}.bpe.codes",
    },
    "pretrain": {"weights": "pretrained/{weights}.safetensors", "record": "pretrained/{weights}.json"},
    "fit": {"folder": f"runs/{RUN}", "model": f"runs/{RUN}/model.safetensors", "run": f"runs/{RUN}/run.json"},
    "predict": {"ranks": f"ranks/{RUN}/{{testset}}.jsonl", "summary": f"ranks/{RUN}/{{testset}}.json"},
    "metrics": {"metrics": f"metrics/{RUN}/{{testset}}.json"},
    "size": {"size": "sizes/{system}.json"},
    "systems": {"csv": "systems.csv", "tex": "systems.tex"},
    "compute": {"csv": "compute.csv"},
    "alpha_fit": {
        "folder": "alpha/alpha{alpha}",
        "model": "alpha/alpha{alpha}/model.safetensors",
        "run": "alpha/alpha{alpha}/run.json",
    },
    "alpha": {"csv": "alpha.csv", "tex": "alpha.tex"},
    "matrix": {"csv": "matrix.csv", "tex": "matrix.tex"},
    "seeds": {"csv": "seeds.csv"},
    "significance": {"csv": "mcnemar.csv", "tex": "mcnemar.tex"},
    "tune": {
        "folder": "tuning/{system}/{trainset}/rate{rate}",
        "model": "tuning/{system}/{trainset}/rate{rate}/model.safetensors",
        "run": "tuning/{system}/{trainset}/rate{rate}/run.json",
    },
    "tuning": {"document": "tuning.md"},
    "table": {"csv": "table{table}.csv", "tex": "table{table}.tex"},
    "document": {"tex": "tables.tex", "pdf": "tables.pdf"},
}


@dataclass(frozen=True)
class Layout:
    """Paths below the `results` folder."""

    results: str

    def template(self, stage: str, name: str) -> str:
        """Path of an output with its ids in braces.

        >>> Layout("results").template("phrases", "phrases")
        'results/phrases/{dataset}.jsonl'
        """
        return f"{self.results}/{OUTPUTS[stage][name]}"

    def path(self, stage: str, name: str, **ids: object) -> str:
        """Path of an output of one job."""
        return self.template(stage, name).format(**ids)

    def log(self, stage: str) -> str:
        """Template of the log of a stage's jobs."""
        return f"{self.results}/logs/{stage}/{KEYS[stage]}.log"

    def benchmark(self, stage: str) -> str:
        """Template of the time and memory record of a stage's jobs."""
        return f"{self.results}/benchmarks/{stage}/{KEYS[stage]}.tsv"


def ids_of(stage: str, key: str) -> dict[str, str]:
    """The ids of a job from its key.

    >>> ids_of("fit", "irra/cuhk_en/seed0")
    {'system': 'irra', 'trainset': 'cuhk_en', 'seed': '0'}
    """
    ids = {}
    for pattern, part in zip(KEYS[stage].split("/"), key.split("/"), strict=True):
        before, found, name = pattern.partition("{")
        if found:
            ids[name.removesuffix("}")] = part.removeprefix(before)
    return ids

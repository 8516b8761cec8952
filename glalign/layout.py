"""Where everything generated lives: one path per stage and output, as templates over ids.

The rules use the templates as they stand, the plan fills them in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

RUN = "{system}/{trainset}/seed{seed}"
KEYS: Mapping[str, str] = {
    "synthesize": "{dataset}",
    "manifest": "{dataset}",
    "parse": "{dataset}",
    "phrases": "{dataset}",
    "pretrain": "{weights}",
    "fit": RUN,
    "predict": f"{RUN}/{{testset}}",
    "metrics": f"{RUN}/{{testset}}",
    "table": "{table}",
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
    "manifest": {"manifest": "manifests/{dataset}.jsonl", "statistics": "manifests/{dataset}.json"},
    "parse": {"parts": "parts/{dataset}", "report": "parts/{dataset}.json"},
    "phrases": {"phrases": "phrases/{dataset}.jsonl"},
    "pretrain": {"weights": "pretrained/{weights}.safetensors", "record": "pretrained/{weights}.json"},
    "fit": {"folder": f"runs/{RUN}", "model": f"runs/{RUN}/model.safetensors", "run": f"runs/{RUN}/run.json"},
    "predict": {"ranks": f"ranks/{RUN}/{{testset}}.jsonl", "summary": f"ranks/{RUN}/{{testset}}.json"},
    "metrics": {"metrics": f"metrics/{RUN}/{{testset}}.json"},
    "table": {"csv": "table{table}.csv", "tex": "table{table}.tex"},
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

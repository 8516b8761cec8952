"""The tiny pre-trained twins: vocabularies, and weights (stage `twin`), made by `snakemake pretrain`."""

from collections.abc import Iterator
from dataclasses import dataclass

from glalign.contract.specs.twins import PretrainSpec, VocabularySpec
from glalign.planning.draft import Draft
from glalign.planning.pretrained_files import model_files, vocabulary_stage
from glalign.planning.stage import Job, Stage


@dataclass(frozen=True)
class VocabulariesOf:
    """The planner of the vocabularies that one stage makes."""

    stage: str

    def __call__(self, draft: Draft) -> Iterator[Job]:
        """A job for each recipe of the stage's families."""
        for name, recipe in draft.config.vocabularies.items():
            if vocabulary_stage(recipe.family) == self.stage:
                yield Job({"vocabulary": name}, VocabularySpec.from_fields_of(recipe, name=name))


def plan_twin(draft: Draft) -> Iterator[Job]:
    """A job for each recipe of weights."""
    config = draft.config
    for name, recipe in config.pretraining.items():
        made, given = model_files(config, draft.paths, recipe.model)
        yield Job({"weights": name}, PretrainSpec.from_fields_of(config, recipe, name=name), inputs=made, weights=given)


STAGES: tuple[Stage, ...] = (
    Stage(
        name="vocabulary", key="{vocabulary}", outputs={"vocabulary": "pretrained/{vocabulary}.tokenizer.json"},
        function="glalign.pretraining.vocabulary.make_vocabulary", plan=VocabulariesOf("vocabulary"),
        about="Remake the vocabulary of one tiny twin.", pretrains=True,
    ),
    Stage(
        name="phobert_vocabulary", key="{vocabulary}",
        outputs={"vocabulary": "pretrained/{vocabulary}.vocab.txt", "merges": "pretrained/{vocabulary}.bpe.codes"},
        function="glalign.pretraining.vocabulary.make_vocabulary_pair", plan=VocabulariesOf("phobert_vocabulary"),
        about="Remake the two files of a tiny PhoBERT's vocabulary.", pretrains=True,
    ),
    Stage(
        name="twin", key="{weights}",
        outputs={"weights": "pretrained/{weights}.safetensors", "record": "pretrained/{weights}.json"},
        function="glalign.pretraining.run.pretrain", plan=plan_twin, about="Remake the weights of one tiny twin.",
        pretrains=True, uses_torch=True, minutes=1440, memory=6000,
    ),
)  # fmt: skip

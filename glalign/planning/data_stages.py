"""The data stages: synthetic datasets, manifests, part label maps, noun phrases."""

from collections.abc import Iterator
from dataclasses import dataclass

from glalign.config.loading import Config
from glalign.contract.formats import DatasetRelease, dataset_release
from glalign.contract.specs.data import (
    CoverageSpec,
    ManifestSpec,
    ParseSpec,
    PhrasesSpec,
    SourceCaptions,
    SynthesizeSpec,
    TranslateSpec,
)
from glalign.planning.draft import Draft, reason_missing, synthetic_source
from glalign.planning.job_memory import computing_memory
from glalign.planning.people import too_few_to_hold_out
from glalign.planning.pretrained_files import parser_files
from glalign.planning.stage import Job, Stage


@dataclass(frozen=True)
class DatasetFiles:
    """Where the files of a dataset are; truth and labels exist for synthetic data only.

    annotations, made: what jobs make; made is an input of whatever reads images. release: the release, if it is one.
    """

    root: str
    annotations: tuple[str, ...]
    images: str
    truth: str | None = None
    labels: str | None = None
    made: tuple[str, ...] = ()
    release: DatasetRelease | None = None


def dataset_files(draft: Draft, dataset: str) -> DatasetFiles:
    """The files of a dataset, released or generated."""
    entry = draft.config.datasets[dataset]
    if entry.root is not None:
        release = dataset_release(entry.model_dump(), dataset)
        return DatasetFiles(release.root, (), release.images, release=release)
    at = draft.paths.outputs("synthesize", {"dataset": dataset})
    folder = draft.paths.path("synthesize", "folder", dataset=dataset)
    return DatasetFiles(folder, (at["annotations"],), at["images"], at["truth"], at["labels"], (at["images"],))


def nuisance_files(draft: Draft, dataset: str) -> dict[str, str]:
    """The files that say what makes a query hard: `truth` of the generator, `translation` of the translator, if any."""
    truth = dataset_files(draft, dataset).truth
    found = {"truth": truth} if truth else {}
    if dataset in (job.ids["dataset"] for job in draft.jobs["translate"].values()):
        found["translation"] = draft.paths.path("translate", "translation", dataset=dataset)
    return found


def may_show(config: Config, dataset: str) -> bool:
    """Whether captions and images of a dataset may be shown: of drawn people, or of a release that permits it."""
    return config.datasets[dataset].root is None or dataset in config.page.permitted


def available(draft: Draft) -> list[str]:
    """The datasets that have a root or can be generated."""
    return [name for name in draft.config.datasets if not reason_missing(draft.config, [name])]


def plan_synthesize(draft: Draft) -> Iterator[Job]:
    """The datasets that are drawn."""
    for name in available(draft):
        entry = draft.config.datasets[name]
        if entry.root is None and entry.synthetic is not None:
            yield Job(
                {"dataset": name}, SynthesizeSpec.from_fields_of(entry, entry.synthetic, root_seed=draft.config.seed)
            )


def plan_translate(draft: Draft) -> Iterator[Job]:
    """The datasets that are translations of drawn ones."""
    for name in available(draft):
        entry = draft.config.datasets[name]
        if entry.root is None and entry.synthetic is None and entry.translated is not None:
            files, language = dataset_files(draft, entry.translated), draft.config.datasets[entry.translated].language
            values = {"source": files.root, "source_language": language, "root_seed": draft.config.seed}
            inputs = (*files.annotations, files.truth or "", *files.made, files.labels or "")
            yield Job({"dataset": name}, TranslateSpec.from_fields_of(entry, values), inputs=inputs)


def plan_manifest(draft: Draft) -> Iterator[Job]:
    """Every dataset that is available. A generated one is written as CUHK-PEDES is."""
    for name in available(draft):
        entry, files = draft.config.datasets[name], dataset_files(draft, name)
        generated = {"format": "cuhk_pedes", "annotations": None, "images": None, "allow_partial": False}
        values = {"dataset": name, "root": files.root, "root_seed": draft.config.seed}
        spec = ManifestSpec.from_fields_of(entry, generated if entry.root is None else {}, values)
        refused = too_few_to_hold_out(draft.config, name)
        inputs = (*files.annotations, *files.made)
        yield Job({"dataset": name}, spec, inputs=inputs, release=files.release, refused=refused)


def plan_parse(draft: Draft) -> Iterator[Job]:
    """Label maps of every dataset but translations, whose pictures are those of another."""
    config = draft.config
    for name in available(draft):
        entry, files = config.datasets[name], dataset_files(draft, name)
        if entry.root is None and entry.synthetic is None:
            continue
        manifest, parser = draft.paths.path("manifest", "manifest", dataset=name), config.parsing.weights
        values = {"manifest": manifest, "images": files.images, "labels": files.labels, "name": parser}
        spec = ParseSpec.from_fields_of(config.parsing, config, values)
        made, given = parser_files(config, draft.paths) if spec.method == "segformer" else ((), ())
        labels = (files.labels,) if files.labels else ()
        tiny = spec.method != "segformer" or parser in config.pretraining
        memory = computing_memory(None) if tiny else None
        inputs = (manifest, *files.made, *labels, *made)
        refused = _no_true_maps(draft, name)
        yield Job({"dataset": name}, spec, inputs=inputs, weights=given, refused=refused, memory=memory)


def _no_true_maps(draft: Draft, dataset: str) -> str:
    """Why the true label maps of a dataset cannot be used; empty if they can, or if they are not asked for."""
    if draft.config.parsing.method != "truth" or draft.config.datasets[dataset].root is None:
        return ""
    what = f"known of generated data only, and datasets.{dataset} is a release (`root`)"
    return f"configuration: parsing.method: truth: true label maps are {what}; choose segformer or stripes"


def plan_phrases(draft: Draft) -> Iterator[Job]:
    """Noun phrases of the captions of every dataset."""
    for name in available(draft):
        spec, source = _phrases(draft, name), _source_captions(draft, name)
        read = [source.file, source.manifest, source.translation] if source else []
        inputs = (spec.manifest, *(path for path in read if path))
        refused = _UNTRANSLATED.format(name=name) if source and not any(read) else ""
        spec = spec.model_copy(update={"translated_from": source})
        yield Job({"dataset": name}, spec, inputs=inputs, refused=refused)


_UNTRANSLATED = (
    "configuration: phrases.source: translated: datasets.{name} is a release, whose translated phrases nobody knows; "
    "name a file of them as datasets.{name}.translated_phrases, or choose caption"
)


def _source_captions(draft: Draft, dataset: str) -> SourceCaptions | None:
    """The captions whose phrases a dataset has in translation; None where phrases are those of its own captions."""
    config, entry = draft.config, draft.config.datasets[dataset]
    if config.phrases.source == "caption" or entry.translated is None:
        return None
    language = config.datasets[entry.translated].language
    if entry.translated_phrases or entry.root is not None:
        return SourceCaptions(language=language, file=entry.translated_phrases)
    manifest = draft.paths.path("manifest", "manifest", dataset=entry.translated)
    log = draft.paths.path("translate", "translation", dataset=dataset)
    segmenter = config.phrases.segmenter if language == "vi" else None
    return SourceCaptions(language=language, manifest=manifest, translation=log, segmenter=segmenter)


def plan_coverage(draft: Draft) -> Iterator[Job]:
    """What both keyword lists map of the phrases, whichever list is configured."""
    for name in available(draft):
        labels = draft.config.datasets[name].labelled_phrases
        truth = None if labels else dataset_files(draft, name).truth
        spec = CoverageSpec.from_fields_of(_phrases(draft, name), lexicon="repaired", truth=truth, labels=labels)
        known = labels or truth
        yield Job({"dataset": name}, spec, inputs=(spec.manifest, *([known] if known else [])))


def _phrases(draft: Draft, dataset: str) -> PhrasesSpec:
    """How phrases of a dataset are found; the segmenter matters for Vietnamese captions alone."""
    entry, manifest = draft.config.datasets[dataset], draft.paths.path("manifest", "manifest", dataset=dataset)
    ignored = {} if entry.language == "vi" else {"segmenter": None}
    return PhrasesSpec.from_fields_of(draft.config.phrases, entry, ignored, manifest=manifest)


def pictures_of(draft: Draft, dataset: str) -> str:
    """The dataset whose label maps a dataset shows: its own, or those of the source of its translation."""
    return synthetic_source(draft.config, dataset) or dataset


GENERATED = {
    "annotations": "data/{dataset}/reid_raw.json",
    "truth": "data/{dataset}/truth.json",
    "images": "data/{dataset}/imgs/",
    "labels": "data/{dataset}/labels/",
}

STAGES: tuple[Stage, ...] = (
    Stage(
        name="synthesize", key="{dataset}", outputs=GENERATED, function="glalign.synthetic.dataset.synthesize",
        plan=plan_synthesize, about="Draw a dataset of synthetic people in CUHK-PEDES's layout.",
    ),
    Stage(
        name="translate", key="{dataset}", outputs=GENERATED | {"translation": "data/{dataset}/translation.json"},
        function="glalign.synthetic.translation.translate.translate", plan=plan_translate,
        about="Translate a synthetic dataset by machine, errors included.",
    ),
    Stage(
        name="manifest", key="{dataset}",
        outputs={"manifest": "manifests/{dataset}.jsonl", "statistics": "manifests/{dataset}.json"},
        function="glalign.data.manifest.make_manifest", plan=plan_manifest,
        about="Check a dataset; write its manifest and statistics.", memory=2000,
    ),
    Stage(
        name="parse", key="{dataset}", outputs={"parts": "parts/{dataset}/", "report": "parts/{dataset}.json"},
        function="glalign.parsing.parse.parse_images", plan=plan_parse,
        about="Predict the part label map of every image.", uses_torch=True, minutes=720, memory=16000,
    ),
    Stage(
        name="phrases", key="{dataset}", outputs={"phrases": "phrases/{dataset}.jsonl"},
        function="glalign.language.phrases.make_phrases", plan=plan_phrases,
        about="Extract noun phrases and map them to regions.", memory=2000,
    ),
    Stage(
        name="coverage", key="{dataset}", outputs={"coverage": "coverage/{dataset}.json"},
        function="glalign.evaluation.coverage.make_coverage", plan=plan_coverage,
        about="Count the phrases, found and true, that the printed keyword lists map.", memory=2000,
    ),
)  # fmt: skip

"""What the systems cost: their sizes."""

from collections.abc import Iterator, Mapping

from glalign.config.settings import System
from glalign.config.twins import Vocabulary
from glalign.contract.specs.base import Spec
from glalign.contract.specs.training import BuildSpec
from glalign.planning.draft import Draft
from glalign.planning.pretrained_files import VOCABULARIES
from glalign.planning.stage import Job, Stage
from glalign.planning.system_stages import trained_systems
from glalign.support.checkout import suite_file
from glalign.support.class_source import class_outline, options_of


class SystemRow(Spec):
    """A system's measured size beside its published parameter count."""

    system: str
    label: str
    size: str
    image_size: tuple[int, int]
    published: str
    source: str
    note: str


class SystemsSpec(Spec):
    """The table of the systems' sizes."""

    title: str
    rows: tuple[SystemRow, ...]


def build_spec(
    name: str,
    entry: System,
    published: Mapping[str, str],
    recipes: Mapping[str, Vocabulary] | None = None,
    threads: int = 1,
) -> BuildSpec:
    """What it takes to build a system without data.

    published: its row of paper/parameters.csv. recipes: of vocabularies beside the real ones, by name.
    """
    sizes = VOCABULARIES | {key: (recipe.family, recipe.size) for key, recipe in (recipes or {}).items()}
    named = options_of(entry.model, class_outline(str(entry.class_path)))
    counts = {key: int(published.get(key) or 0) for key in ("identities", "words")}
    vocabularies = {v: sizes[v] for k, v in named.items() if k.endswith("vocabulary") and v in sizes}
    return BuildSpec.from_fields_of(entry, counts, system=name, vocabularies=vocabularies, threads=threads)


def plan_size(draft: Draft) -> Iterator[Job]:
    """Every system at its original size; an ablation has the size of its system."""
    for name, entry in _measured(draft).items():
        spec = build_spec(name, entry, draft.published.get(name, {}), threads=draft.config.threads)
        yield Job({"system": name}, spec, class_path=entry.class_path)


def plan_systems(draft: Draft) -> Iterator[Job]:
    """The table of the systems' sizes."""
    rows = []
    for name, entry in _measured(draft).items():
        about = {key: draft.published.get(name, {}).get(key, "") for key in ("published", "source", "note")}
        size, label = draft.paths.path("size", "size", system=name), draft.config.systems[name].label
        rows.append(SystemRow.from_fields_of(dict(entry.data or {}), about, system=name, label=label, size=size))
    spec = SystemsSpec(title="Systems at their original size, with random weights", rows=tuple(rows))
    yield Job({}, spec, inputs=(suite_file("paper/parameters.csv"), *(row.size for row in rows)))


def _measured(draft: Draft) -> dict[str, System]:
    """The trained systems without ablations, at their original sizes."""
    originals = draft.originals.systems
    names = [name for name in trained_systems(draft.config) if name not in draft.config.mcnemar.ablations]
    return {name: originals.get(name, draft.config.systems[name]) for name in names}


STAGES: tuple[Stage, ...] = (
    Stage(
        name="size", key="{system}", outputs={"size": "sizes/{system}.json"}, function="glalign.cost.size.measure",
        plan=plan_size, about="Build a system at its original size, run it once, count.", uses_torch=True, memory=10000,
    ),
    Stage(
        name="systems", key="systems", outputs={"csv": "systems.csv", "tex": "systems.tex"},
        function="glalign.reporting.cost_tables.make_systems", plan=plan_systems,
        about="Write the table of the systems' sizes.", default=True,
    ),
)  # fmt: skip

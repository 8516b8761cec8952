"""The stage of the paper's claims: which cells and records each comparison reads, and what the paper prints for it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from glalign.planning.claim_specs import (
    AnyCompared,
    CellRanks,
    ClaimRow,
    ClaimsSpec,
    PairsCompared,
    PhrasesCompared,
    RanksCompared,
    WeightsCompared,
    files_of,
)
from glalign.planning.draft import Draft, ids_of_cell, partial_files, unique
from glalign.planning.printed_claims import (
    PRINTED,
    Alpha,
    CellName,
    Claim,
    Coverage,
    Drop,
    Evidence,
    Gap,
    Translation,
    read_claims,
)
from glalign.planning.printed_tables import BRANCHES, COVERAGE, SCENARIO_OF
from glalign.planning.stage import Job, Stage
from glalign.storage.csv_files import read_rows
from glalign.support.checkout import suite_file


def plan_claims(draft: Draft) -> Iterator[Job]:
    """One job: every claim, with the files of what has run."""
    config = draft.config
    claims = tuple(_claim_row(draft, claim) for claim in read_claims(suite_file("paper/claims.yaml")))
    title = draft.title("The paper's claims and what this run says about them.")
    spec = ClaimsSpec.from_fields_of(config, config.evaluation, title=title, claims=claims, root_seed=config.seed)
    yield Job({}, spec, inputs=unique(path for claim in claims for one in claim.comparisons for path in files_of(one)))


def _claim_row(draft: Draft, claim: Claim) -> ClaimRow:
    printed = printed_ranks(draft)
    comparisons = tuple(one for evidence in claim.comparisons for one in _compared(draft, evidence, printed))
    return ClaimRow.from_fields_of(claim, comparisons=comparisons)


Printed = Mapping[CellName, Mapping[int, Decimal]]
"""(scenario, system) -> rank -> Rank-k of the paper."""


def printed_ranks(draft: Draft) -> dict[CellName, dict[int, Decimal]]:
    """Rank-k of tables 4 to 11."""
    found: dict[CellName, dict[int, Decimal]] = {}
    for row in (row for table in (BRANCHES, *SCENARIO_OF) for row in draft.reported[table]):
        ranks = {rank: Decimal(row[f"rank{rank}"]) for rank in (1, 5, 10) if row.get(f"rank{rank}")}
        found.setdefault((row["scenario"], row["system"]), {}).update(ranks)
    return found


def _compared(draft: Draft, evidence: Evidence, printed: Printed) -> Iterator[AnyCompared]:
    match evidence:
        case Gap():
            yield from _gaps(draft, evidence, printed)
        case Drop():
            yield _drop(draft, evidence, printed)
        case Coverage():
            yield _coverage(draft, evidence)
        case Translation():
            yield _translation(draft, evidence)
        case Alpha():
            yield _alpha(draft, evidence)


def _gaps(draft: Draft, gap: Gap, printed: Printed) -> Iterator[RanksCompared]:
    """A comparison of two cells; of one with every printed one of a scenario, as many."""
    seconds = [gap.second]
    if gap.second[1] == PRINTED:
        table = {scenario: table for table, scenario in SCENARIO_OF.items()}[gap.second[0]]
        others = [row["system"] for row in draft.reported[table] if row["system"] != gap.first[1]]
        seconds = [(gap.second[0], other) for other in others]
    for second in seconds:
        known = [printed.get(cell, {}).get(gap.rank) for cell in (gap.first, second)]
        effect = str(known[0] - known[1]) if known[0] is not None and known[1] is not None else ""
        name = _name(draft, gap.first, second) + (f", Rank-{gap.rank}" if gap.rank > 1 else "")
        values = {"name": name, "effect": "difference", "printed": effect}
        yield _ranks_compared(draft, [gap.first, second], dict(gap) | values)


def _drop(draft: Draft, drop: Drop, printed: Printed) -> RanksCompared:
    cells = [(scenario, system) for system in (drop.own, drop.other) for scenario in (drop.start, drop.end)]
    effect = ""
    if all(1 in printed.get(cell, {}) for cell in cells):
        own, own_end, other, other_end = (printed[cell][1] for cell in cells)
        kept = 100 * (own_end / own - other_end / other)
        effect = str(round(kept, 2) if drop.relative else (other - other_end) - (own - own_end))
    systems = draft.config.systems
    what = "share kept" if drop.relative else "drop"
    between = f"{systems[drop.own].label} against {systems[drop.other].label}"
    values = {"name": f"{drop.start} to {drop.end}, {what}: {between}", "effect": "kept" if drop.relative else "drops"}
    return _ranks_compared(draft, cells, values | {"printed": effect})


def _name(draft: Draft, first: CellName, second: CellName) -> str:
    labels = [draft.config.systems[system].label for _, system in (first, second)]
    if first[1] == second[1]:
        return f"{labels[0]}: {first[0]} against {second[0]}"
    return f"{first[0]}: {labels[0]} against {labels[1]}"


def _ranks_compared(draft: Draft, cells: list[CellName], values: Mapping[str, object]) -> RanksCompared:
    """A comparison of these cells; without files and with a note if one has not run."""
    config, drafts = draft.config, [draft.cells[cell] for cell in cells]
    absent = unique(f"{cell.scenario}, {cell.system}: {cell.note}" for cell in drafts if cell.status != "run")
    files: dict[str, object] = {"sides": ()}
    if not absent:
        files["sides"] = tuple(_ranks(draft, cell) for cell in cells)
        files["partial"] = {label: path for cell in drafts for label, path in cell.partial.items()}
        files["shared"] = unique(sentence for cell in drafts for sentence in cell.shared)
    names = {
        "scenarios": ", ".join(unique(scenario for scenario, _ in cells)),
        "systems": ", ".join(unique(config.systems[system].label for _, system in cells)),
        "note": f"not run: {'; '.join(absent)}" if absent else "",
    }
    return RanksCompared.from_fields_of(values, files, names)


def _ranks(draft: Draft, cell: CellName) -> CellRanks:
    config = draft.config
    ranks = tuple(draft.paths.path("predict", "ranks", **ids) for ids in ids_of_cell(config, *cell))
    tested = config.testsets[config.scenarios[cell[0]].test].dataset
    return CellRanks(scenario=cell[0], system=cell[1], ranks=ranks, people=config.datasets[tested].people)


def _coverage(draft: Draft, coverage: Coverage) -> PhrasesCompared:
    rows = {row["body_part"]: row["coverage"] for row in draft.reported[COVERAGE]}
    values = {"name": f"{coverage.dataset}: {coverage.part}", "printed": rows.get(coverage.part, ""), "coverage": ""}
    name = _labelled(draft, coverage.dataset)
    files: dict[str, object] = {"note": f"not run: no data of {coverage.dataset}"}
    if name:
        partial_release = partial_files(draft.config, draft.paths, [name])
        files = {"coverage": draft.paths.path("coverage", "coverage", dataset=name), "partial": partial_release}
    return PhrasesCompared.from_fields_of(coverage, values, files)


def _translation(draft: Draft, translation: Translation) -> PairsCompared:
    printed = {row["dataset"]: row["percent"] for row in read_rows(suite_file("paper/translation.csv"))}
    known = {"name": f"{translation.dataset}, end to end", "printed": printed.get(translation.dataset, ""), "table": ""}
    if not draft.jobs["translation"]:
        return PairsCompared.from_fields_of(translation, known, note="not run: no translated data set")
    return PairsCompared.from_fields_of(translation, known, table=draft.paths.path("translation", "csv"))


def _alpha(draft: Draft, alpha: Alpha) -> WeightsCompared:
    config, run = draft.config, draft.config.alpha
    values = {"name": f"{alpha.best:g} against {alpha.than:g}", "systems": config.systems[run.system].label}
    missing = [weight for weight in (alpha.best, alpha.than) if weight not in run.values]
    datasets = config.trainsets[run.trainset]
    files: dict[str, object] = {"scores": "", "note": "not run: the trainings with other weights"}
    if missing:
        files["note"] = f"not run: alpha.values has no {missing[0]:g}"
    elif draft.jobs["alpha_scores"]:
        partial_releases = partial_files(config, draft.paths, datasets)
        files = {"scores": draft.paths.path("alpha_scores", "scores"), "partial": partial_releases}
    return WeightsCompared.from_fields_of(alpha, values, files)


def _labelled(draft: Draft, label: str) -> str:
    """The dataset of a label whose coverage is counted; empty if there is none."""
    names = (job.ids["dataset"] for job in draft.jobs["coverage"].values())
    return next((name for name in names if draft.config.datasets[name].label == label), "")


STAGES: tuple[Stage, ...] = (
    Stage(
        name="claims", key="claims", outputs={"csv": "claims.csv", "tex": "claims.tex"},
        function="glalign.reporting.claims.make_claims", plan=plan_claims,
        about="Write what the run says about each of the paper's claims.", default=True, memory=3000,
    ),
)  # fmt: skip

"""The jobs beside the tables: sizes of the systems, time and memory of the trainings, the search for learning rates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glalign.config.loading import Config
from glalign.planning.cells import Cell, datasets_of, is_trained, partial_files, reason_unread
from glalign.planning.job import Job
from glalign.planning.layout import Layout
from glalign.storage.code_digest import modules_of
from glalign.support.class_source import class_outline, options_of

VOCABULARIES = {
    "bert-base-uncased": ("bert", 30_522),
    "xlm-roberta-base": ("roberta", 250_002),
    "phobert-base": ("phobert", 64_001),
}
"""Family and size of the real vocabularies: Devlin et al. 2019, Conneau et al. 2020 and Nguyen and Nguyen 2020, their
released files."""

Published = Mapping[str, Mapping[str, str]]


def size_jobs(
    config: Config, originals: Config, layout: Layout, published: Published
) -> Iterator[tuple[str, str, Job]]:
    """One measurement of every system at its original size, and their table: (stage, key, job).

    An ablation has the size of the system that it is one of.
    """
    rows = []
    for name, entry in trained(config).items():
        if name in config["mcnemar"]["ablations"]:
            continue
        original = originals["systems"].get(name, entry)
        known = published.get(name, {})
        spec = {**built_alone(name, original, known), "threads": config["threads"]}
        yield "size", name, Job("size", (), spec, modules_of("size", entry["class"]))
        path = layout.path("size", "size", system=name)
        about = {key: known.get(key, "") for key in ("published", "source", "note")}
        image_size = list(original["data"]["image_size"])
        rows.append({"system": name, "label": entry["label"], "size": path, "image_size": image_size, **about})
    title = "Systems at their original size, with random weights"
    spec = {"rows": rows, "title": title, "paper": "paper/parameters.csv"}
    inputs = ("paper/parameters.csv", *(row["size"] for row in rows))
    yield "systems", "systems", Job("systems", inputs, spec, modules_of("systems"))


def built_alone(
    name: str, entry: Mapping[str, Any], known: Mapping[str, str], made: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """What it takes to build a system without data: its entry, the size of its training set and of its vocabularies.

    known: its row of paper/parameters.csv. made: recipes of vocabularies beside the real ones, by name.
    """
    sizes = VOCABULARIES | {key: (recipe["family"], recipe["size"]) for key, recipe in (made or {}).items()}
    spec = {key: entry[key] for key in ("class", "model", "data", "optim")}
    counts = {key: int(known.get(key) or 0) for key in ("identities", "words")}
    named = options_of(entry, class_outline(entry["class"]))
    vocabularies = {v: sizes[v] for k, v in named.items() if k.endswith("vocabulary") and v in sizes}
    return {**spec, "system": name, **counts, "vocabularies": vocabularies}


def compute_job(layout: Layout, keys: Mapping[str, Sequence[Mapping[str, Any]]]) -> Job:
    """The ledger of every planned training and scoring; `keys`: stage -> ids of its jobs."""
    rows = []
    for stage, jobs in keys.items():
        for ids in jobs:
            run = layout.path("fit", "run", **ids) if stage == "fit" else None
            benchmark = layout.benchmark(stage).format(**ids)
            rows.append({"testset": "", **ids, "stage": stage, "benchmark": benchmark, "run": run})
    inputs = tuple(path for row in rows for path in (row["benchmark"], row["run"]) if path)
    return Job("compute", inputs, {"rows": rows}, modules_of("compute"))


def matrix_jobs(
    config: Config, scenarios: Sequence[str], cells: Mapping[tuple[str, str], Cell]
) -> Iterator[tuple[str, str, Job]]:
    """Every system in every scenario whose language it reads, and the spread over seeds."""
    rows = []
    for name, entry in config["systems"].items():
        for scenario in scenarios:
            cell = cells[scenario, name]
            if not reason_unread(config, name, datasets_of(config, scenario)):
                row = {"system": name, "label": entry["label"], "scenario": scenario, "status": cell.status}
                competes = is_trained(entry)
                files = {"metrics": list(cell.metrics), "partial": dict(cell.partial)}
                rows.append({**row, "note": cell.note, **files, "competes": competes})
    note = f" Data of our runs: {config['data_note']}." if config["data_note"] else ""
    spec = {key: config[key] for key in ("profile", "data_note")}
    spec |= {"title": f"Every system in every scenario whose language it reads.{note}", "scenarios": list(scenarios)}
    inputs = tuple(dict.fromkeys(path for row in rows for path in (*row["metrics"], *row["partial"].values())))
    yield "matrix", "matrix", Job("matrix", inputs, {**spec, "rows": rows}, modules_of("matrix"))
    seeds = {"seeds": list(config["seeds"]), "profile": config["profile"], "rows": rows}
    yield "seeds", "seeds", Job("seeds", inputs, seeds, modules_of("seeds"))


def alpha_jobs(config: Config, layout: Layout, fit: Job) -> Iterator[tuple[str, str, Job]]:
    """Trainings that differ from `fit` in alpha alone, and their validation scores (D29)."""
    runs, inputs = [], []
    for value in config["alpha"]["values"]:
        ids = {"alpha": f"{value:g}"}
        spec = {**fit.spec, "model": {**fit.spec["model"], "alpha": value}}
        yield "alpha_fit", f"alpha{value:g}", Job("alpha_fit", fit.inputs, spec, fit.modules, fit.weights)
        runs.append({"alpha": value, "folder": layout.path("alpha_fit", "folder", **ids)})
        inputs += [layout.path("alpha_fit", name, **ids) for name in ("model", "run")]
    label, trainset = config["systems"][config["alpha"]["system"]]["label"], config["alpha"]["trainset"]
    title = f"{label}: weight of the global branch, trained on {trainset}, on its validation identities."
    title += f" Data of our runs: {config['data_note']}." if config["data_note"] else ""
    partial = partial_files(config, layout, config["trainsets"][trainset])
    spec = {**fit.spec, "runs": runs, "title": title, "profile": config["profile"], "partial": partial}
    modules = (*modules_of("alpha", fit.spec["class"]),)
    yield "alpha", "alpha", Job("alpha", (*fit.inputs, *inputs, *partial.values()), spec, modules, fit.weights)


def tuning_jobs(config: Config, layout: Layout, fits: Mapping[tuple[str, str], Job]) -> Iterator[tuple[str, str, Job]]:
    """Every system of the tuning trainsets with every rate; `fits`: the planned training of each (system, trainset)."""
    rates, rows = config["tuning"]["rates"], []
    for (name, trainset), fit in fits.items():
        runs = []
        for rate in rates:
            spec = {**fit.spec, "optim": {**fit.spec["optim"], "lr": rate}}
            yield "tune", f"{name}/{trainset}/rate{rate:g}", Job("tune", fit.inputs, spec, fit.modules, fit.weights)
            runs.append(layout.path("tune", "run", system=name, trainset=trainset, rate=f"{rate:g}"))
        label = config["systems"][name]["label"]
        partial = partial_files(config, layout, config["trainsets"][trainset])
        rows.append({"system": name, "label": label, "trainset": trainset, "runs": runs, "partial": partial})
    target = layout.path("tuning", "document")
    spec = {"rates": list(rates), "rows": rows, "target": target}
    inputs = tuple(dict.fromkeys(path for row in rows for path in (*row["runs"], *row["partial"].values())))
    yield "tuning", "tuning", Job("tuning", inputs, spec, modules_of("tuning"))


def trained(config: Config) -> dict[str, Mapping[str, Any]]:
    """The systems that have a class and a budget."""
    return {name: entry for name, entry in config["systems"].items() if entry["class"] and "budget" in entry}

"""The plan shares trainings, says why a cell is not run, and refuses scenarios that test on what they train on."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.plans import REPORTED, ROOT, planned

from glalign.config.loading import load, overlaid, resolve
from glalign.planning.draft import Draft
from glalign.planning.missing_files import describe, jobs_behind
from glalign.planning.plan import STAGES, Plan, make_plan
from glalign.planning.printed_tables import SCENARIO_OF, read_published
from glalign.planning.stage import Job
from glalign.support.errors import UserError

TRAINED = {
    name
    for name, entry in overlaid(root=ROOT).systems.items()
    if entry.class_path and entry.budget and "en" in entry.languages
}


@pytest.fixture(scope="module")
def demo() -> Plan:
    return planned()


def test_the_papers_results_are_32_cells_and_23_trainings(demo: Plan) -> None:
    tables = [str(number) for number in range(4, 12)]
    rows = [row for table in tables for row in demo.jobs["table"][table].spec.to_json()["rows"]]
    assert len({(row["scenario"], row["system"]) for row in rows}) == 32
    needed = jobs_behind(demo, [demo.paths.path("table", "csv", table=table) for table in tables])
    trainings = [job.ids for (stage, _), job in needed.items() if stage == "fit"]
    assert len(trainings) == 23
    assert {training["trainset"] for training in trainings} == {"cuhk_en", "v2e", "cuhk_en+v2e", "cuhk_vi"}


def test_two_jobs_of_one_key_that_differ_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = STAGES["fit"]

    def twice(draft: Draft) -> Iterator[Job]:
        for job in fit.plan(draft):
            yield job
            yield replace(job, inputs=(*job.inputs, "another"))

    monkeypatch.setattr("glalign.planning.plan.STAGES", {**STAGES, "fit": replace(fit, plan=twice)})
    with pytest.raises(RuntimeError, match=r"stage fit: two jobs \S+/seed0 that differ"):
        planned()


def test_every_table_is_planned_with_the_papers_rows_in_order(demo: Plan) -> None:
    tables = demo.jobs["table"]
    assert set(tables) == {*map(str, range(1, 12)), *(f"{k}_extended" for k in SCENARIO_OF)}
    for number, rows in REPORTED.items():
        spec = tables[str(number)].spec.to_json()
        assert [row["paper_row"] for row in spec["rows"]] == list(range(len(rows)))
        if number in SCENARIO_OF:
            assert [row["system"] for row in spec["rows"]] == [row["system"] for row in rows]
            assert {row["scenario"] for row in spec["rows"]} == {SCENARIO_OF[number]}


def test_a_row_without_results_says_why_and_has_no_files() -> None:
    plan = planned({"datasets": {"v2e": {"translated": None}}})
    rows = {row["system"]: row for row in plan.jobs["table"]["5"].spec.to_json()["rows"]}
    assert "datasets.v2e has neither root nor synthetic nor translated" in rows["glalign"]["note"]
    assert rows["glalign"]["metrics"] == rows["glalign"]["runs"] == []
    for table in plan.jobs["table"].values():
        for row in table.spec.to_json()["rows"]:
            assert bool(row["note"]) == (not row["metrics"])


def test_extended_tables_add_ablations_oracle_and_chance(demo: Plan) -> None:
    rows = {row["system"]: row for row in demo.jobs["table"]["4_extended"].spec.to_json()["rows"]}
    added = list(rows)[9:]
    assert {"m_irra", "tbps_clip", "clip_zero_shot", "glalign_global", "glalign_local", "random", "oracle"} == set(
        added
    )
    assert rows["random"]["runs"] == []
    assert not any(key.startswith("random") for key in demo.jobs["fit"])


def test_scenarios_share_trainings_and_seeds_multiply_them() -> None:
    without = {"cuhk_vi": {"translated": None}, "vn3k": {"root": "data/vn3k"}, "v2e": {"root": "data/v2e"}}
    plan = planned({"seeds": [3, 5], "datasets": without})
    assert set(plan.jobs["fit"]) == {
        f"{system}/{trainset}/seed{seed}"
        for system in TRAINED
        for trainset in ("cuhk_en", "v2e", "cuhk_en+v2e")
        for seed in (3, 5)
    }
    row = next(r for r in plan.jobs["table"]["6"].spec.to_json()["rows"] if r["system"] == "irra")
    assert row["runs"] == [f"results/runs/irra/cuhk_en/seed{seed}/run.json" for seed in (3, 5)]
    assert row["metrics"] == [f"results/metrics/irra/cuhk_en/seed{seed}/v2e.json" for seed in (3, 5)]


def test_the_oracle_alone_sees_the_truth_and_only_where_there_is_one() -> None:
    plan = planned()
    truths = {key: job.spec.to_json()["test"]["truth"] for key, job in plan.jobs["predict"].items()}
    assert truths.pop("oracle/untrained/seed0/cuhk_en") == "results/data/cuhk_en/truth.json"
    assert truths.pop("oracle/untrained/seed0/cuhk_vi") == "results/data/cuhk_vi/truth.json"
    truths = {key: truth for key, truth in truths.items() if not key.startswith("oracle")}
    assert set(truths.values()) == {None}
    real = planned({"datasets": {"cuhk_en": {"root": "data/cuhk"}}})
    oracle = next(r for r in real.jobs["table"]["4_extended"].spec.to_json()["rows"] if r["system"] == "oracle")
    assert oracle["metrics"] == []
    assert "real" in oracle["note"]


def test_a_training_never_names_what_it_does_not_use(demo: Plan) -> None:
    specs = {key: job.spec.to_json() for key, job in demo.jobs["fit"].items()}
    assert specs["irra/cuhk_en/seed0"]["datasets"][0]["parts"] is None
    assert specs["irra/cuhk_en/seed0"]["dress"] is None
    assert specs["glalign/cuhk_en/seed0"]["datasets"][0]["parts"] == "results/parts/cuhk_en"
    for spec in specs.values():
        assert "truth" not in json.dumps(spec)
        assert "label" not in spec


@pytest.mark.parametrize(
    ("overlay", "changed"),
    [
        ({"systems": {"irra": {"optim": {"lr": 0.5}}}}, {"irra"}),
        ({"systems": {"glalign": {"optim": {"lr": 0.5}}}}, {"glalign", "glalign_global", "glalign_local"}),
        ({"parsing": {"dress": "upper"}}, {"glalign", "glalign_global", "glalign_local", "vitaa", "pham2021"}),
        ({"systems": {"irra": {"label": "Renamed"}}}, set()),
        ({"evaluation": {"bootstrap": 10}, "profile": "other"}, set()),
    ],
)
def test_a_change_reaches_the_trainings_that_use_it(demo: Plan, overlay: dict, changed: set[str]) -> None:
    other = planned(overlay).jobs["fit"]
    assert {key.split("/")[0] for key, job in demo.jobs["fit"].items() if other[key] != job} == changed


def test_every_input_is_given_or_made_by_a_planned_job(demo: Plan) -> None:
    made = set()
    for stage, jobs in demo.jobs.items():
        for job in jobs.values():
            made |= {*demo.outputs(stage, job).values()}
    needed = {path for jobs in demo.jobs.values() for job in jobs.values() for path in job.inputs}
    given = ("paper/", "glalign/language/lexicon/")
    assert all(path in made or path.startswith(given) for path in needed), sorted(needed - made)


def test_specifications_are_json_without_absolute_paths(demo: Plan) -> None:
    for jobs in demo.jobs.values():
        for job in jobs.values():
            assert json.loads(json.dumps(job.spec.to_json())) == json.loads(
                json.dumps(job.spec.to_json(), sort_keys=True)
            )
            assert '"/' not in json.dumps(job.spec.to_json())


def test_true_label_maps_are_of_generated_data_alone() -> None:
    plan = planned({"parsing": {"method": "truth"}, "datasets": {"vn3k": {"root": "data/vn3k"}}})
    assert plan.job("parse", dataset="cuhk_en").spec.to_json()["labels"] == "results/data/cuhk_en/labels"
    assert plan.job("parse", dataset="cuhk_en").weights == ()
    with pytest.raises(UserError, match=r"configuration: parsing\.method: truth: .*datasets\.vn3k is a release"):
        plan.job("parse", dataset="vn3k")


def test_translated_phrases_are_of_translations_alone(demo: Plan) -> None:
    own = {name: job.spec.to_json() for name, job in demo.jobs["phrases"].items()}
    assert {spec["translated_from"] for spec in own.values()} == {None}
    plan = planned({"phrases": {"source": "translated"}})
    sources = {name: job.spec.to_json()["translated_from"] for name, job in plan.jobs["phrases"].items()}
    log, manifest = "results/data/cuhk_vi/translation.json", "results/manifests/cuhk_en.jsonl"
    generated = {"language": "en", "file": None, "manifest": manifest, "translation": log, "segmenter": None}
    assert sources.pop("cuhk_vi") == generated
    assert {log, manifest} < set(plan.job("phrases", dataset="cuhk_vi").inputs)
    assert sources.pop("v2e")["segmenter"] == "pyvi"
    assert set(sources.values()) == {None}
    assert plan.jobs["coverage"] == demo.jobs["coverage"]


def test_a_release_needs_a_file_of_translated_phrases() -> None:
    release = {"root": "data/vn", "format": "cuhk_pedes_vn"}
    overlay = {"phrases": {"source": "translated"}, "datasets": {"cuhk_vi": release}}
    with pytest.raises(UserError, match=r"source: translated: datasets\.cuhk_vi .*cuhk_vi\.translated_phrases"):
        planned(overlay).job("phrases", dataset="cuhk_vi")
    release["translated_phrases"] = "vn.csv"
    job = planned(overlay).job("phrases", dataset="cuhk_vi")
    assert job.inputs == ("results/manifests/cuhk_vi.jsonl", "vn.csv")
    (line,) = describe([job], frozenset(["vn.csv"]))
    assert line.startswith("vn.csv: not there; correct `translated_phrases`")


LEAKS = [
    ({"testsets": {"cuhk_en": {"splits": ["train", "test"]}}}, "scenarios.SE1", "split 'train'"),
    ({"testsets": {"vn3k_100": {"dataset": "cuhk_en", "splits": ["val"]}}}, "scenarios.SV2", "split 'val'"),
    ({"datasets": {"cuhk_en": {"splits": {"test": "val"}}}}, "datasets.cuhk_en.splits", "named twice"),
    (
        {
            "datasets": {"cuhk_en": {"splits": {"test": "train", "train": "t"}}},
            "scenarios": {"SV1": {"test": "cuhk_en"}},
        },
        "scenarios.SV1",
        "datasets.cuhk_vi trains on",
    ),
    (
        {
            "datasets": {"cuhk_vi": {"synthetic": {"domain": "street", "train": 9, "val": 1, "test": 1, "images": 1}}},
            "scenarios": {"SV1": {"test": "cuhk_en"}},
        },
        "scenarios.SV1",
        "split them differently",
    ),
]


@pytest.mark.parametrize(("overlay", "key", "reason"), LEAKS)
def test_leakage_is_an_error_of_the_plan(overlay: dict, key: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        planned(overlay)
    assert key in str(caught.value)


def test_testing_on_all_people_of_another_dataset_is_no_leak() -> None:
    plan = planned({"datasets": {name: {"root": f"data/{name}"} for name in ("cuhk_vi", "vn3k")}})
    assert "glalign/cuhk_vi/seed0/vn3k_3000" in plan.jobs["predict"]


def test_a_printed_system_that_the_configuration_lacks_is_named() -> None:
    values = overlaid(root=ROOT).to_json()
    del values["systems"]["rasa"]
    with pytest.raises(UserError, match=r"systems\.rasa: missing"):
        make_plan(resolve(values), REPORTED)


def test_remade_weights_are_inputs_and_shipped_ones_are_digested() -> None:
    recipe = {"kind": "clip", "seed": 1, "steps": 1, "held_out": 1}
    shipped = planned().jobs["fit"]["irra/cuhk_en/seed0"]
    assert shipped.weights == ("glalign/pretrained/tiny_clip.safetensors",)
    remade = planned({"weights": "results/pretrained", "pretraining": {"tiny_clip": recipe}}).jobs["fit"][
        "irra/cuhk_en/seed0"
    ]
    assert remade.weights == ()
    assert "results/pretrained/tiny_clip.safetensors" in remade.inputs


def test_a_phobert_has_a_vocabulary_of_two_files() -> None:
    pair = ["tiny_phobert.vocab.txt", "tiny_phobert.bpe.codes"]
    real = {"datasets": {"cuhk_vi": {"root": "data/vi"}}}
    shipped = planned(real).jobs["fit"]["glalign/cuhk_vi/seed0"]
    files = [f"glalign/pretrained/{name}" for name in ("tiny_clip.safetensors", "tiny_phobert.safetensors", *pair)]
    assert list(shipped.weights) == shipped.spec.to_json()["files"] == files
    english = planned(real).jobs["fit"]["glalign/cuhk_en/seed0"]
    assert english.spec.to_json()["files"] == files[:1]
    plan = planned({**real, "weights": "results/pretrained"})
    remade = plan.jobs["fit"]["glalign/cuhk_vi/seed0"]
    assert remade.weights == ()
    assert {f"results/pretrained/{name}" for name in pair} < set(remade.inputs)
    assert remade.spec.to_json()["files"] == [file.replace("glalign", "results") for file in files]
    assert {f"results/pretrained/{name}" for name in pair} == set(plan.jobs["twin"]["tiny_phobert"].inputs)
    assert set(plan.jobs["phobert_vocabulary"]) == {"tiny_phobert"}
    assert "tiny_phobert" not in plan.jobs["vocabulary"]
    change = {"by_language": {"vi": {"model": {"text_vocabulary": "phobert-base"}}}}
    given = planned({**real, "systems": {"glalign": change}}).jobs["fit"]["glalign/cuhk_vi/seed0"]
    assert list(given.weights)[2:] == [f"glalign/pretrained/phobert-base.{end}" for end in ("vocab.txt", "bpe.codes")]


def test_a_segmenter_matters_to_vietnamese_phrases_alone(demo: Plan) -> None:
    other = planned({"phrases": {"segmenter": "underthesea"}}).jobs["phrases"]
    vietnamese = {name for name, job in demo.jobs["phrases"].items() if job.spec.to_json()["language"] == "vi"}
    assert {name for name, job in demo.jobs["phrases"].items() if other[name] != job} == vietnamese


def test_a_system_reads_the_languages_it_names() -> None:
    only = {"systems": {"tbps_clip": {"languages": ["vi"]}}, "datasets": {"cuhk_vi": {"root": "data/vi"}}}
    plan = planned(only)
    assert "tbps_clip/cuhk_en/seed0" not in plan.jobs["fit"]
    assert "tbps_clip/cuhk_vi/seed0" in plan.jobs["fit"]
    assert "tbps_clip" not in {row["system"] for row in plan.jobs["table"]["4_extended"].spec.to_json()["rows"]}
    row = next(r for r in plan.jobs["table"]["8_extended"].spec.to_json()["rows"] if r["system"] == "tbps_clip")
    assert row["metrics"]


def test_a_search_trains_every_system_with_every_rate_and_nothing_else_changed(demo: Plan) -> None:
    rates = overlaid(root=ROOT).tuning.rates
    trained = {key.rpartition("/")[0] for key in demo.jobs["fit"] if not key.startswith("clip_zero_shot")}
    trained = {key for key in trained if key.split("/")[1] in ("cuhk_en", "cuhk_vi")}
    trained = {key for key in trained if not key.startswith("glalign_")}
    fits = {key: demo.jobs["fit"][f"{key}/seed0"].spec for key in trained}
    assert {spec.optim.lr for spec in fits.values()} <= set(rates)
    searches = planned({"tuning": {"steps": None}}).jobs["tune"]
    assert set(searches) == {
        f"{key}/rate{rate:g}/steps{spec.budget.steps}"
        for key, spec in fits.items()
        for rate in rates
        if rate != spec.optim.lr
    }
    spec, fit = searches["irra/cuhk_en/rate0.01/steps720"].spec.to_json(), fits["irra/cuhk_en"].to_json()
    assert spec == {**fit, "optim": {**fit["optim"], "lr": 0.01}}
    assert not any("test" in json.dumps(job.spec.to_json()["datasets"]) for job in demo.jobs["tune"].values())


def test_the_weights_of_the_global_branch_share_the_training_of_the_tables(demo: Plan) -> None:
    own, (scores,) = "results/runs/glalign/cuhk_en/seed0", demo.jobs["alpha_scores"].values()
    assert {run["alpha"]: run["folder"] for run in scores.spec.to_json()["runs"]}[0.5] == own
    assert f"{own}/run.json" in scores.inputs
    assert set(demo.jobs["alpha_fit"]) == {f"alpha{value:g}" for value in demo.config.alpha.values if value != 0.5}
    apart = planned({"trainsets": {"both": ["cuhk_en", "v2e"]}, "alpha": {"trainset": "both"}})
    assert "alpha0.5" in apart.jobs["alpha_fit"]


def test_every_trained_system_is_measured_at_its_original_size() -> None:
    config, originals = overlaid(root=ROOT), load(ROOT / "config.yaml")
    plan = make_plan(config, REPORTED, originals, read_published(ROOT / "paper" / "parameters.csv"))
    specs = {key: job.spec.to_json() for key, job in plan.jobs["size"].items()}
    trained = {name for name, entry in config.systems.items() if entry.class_path and entry.budget}
    assert set(specs) == trained - {"glalign_global", "glalign_local"}
    assert specs["irra"]["model"]["backbone"] == "clip-vit-b-16"
    assert specs["irra"]["data"]["image_size"] == [384, 128]
    assert specs["rasa"]["vocabularies"] == {"bert-base-uncased": ["bert", 30_522]}
    assert specs["vitaa"]["identities"] == 12_003


def test_a_translation_shows_the_pictures_and_parts_of_its_source(demo: Plan) -> None:
    assert set(demo.jobs["synthesize"]) == set(demo.jobs["parse"]) == {"cuhk_en", "vn3k"}
    assert demo.jobs["translate"]["v2e"].spec.to_json() == {
        "source": "results/data/vn3k",
        "source_language": "vi",
        "language": "en",
        "root_seed": 20250102,
    }
    read = demo.jobs["fit"]["glalign/cuhk_vi/seed0"].spec.to_json()["datasets"][0]
    assert read["parts"] == "results/parts/cuhk_en"
    assert read["phrases"] == "results/phrases/cuhk_vi.jsonl"


def test_translations_of_nothing_are_not_run_and_of_one_language_refused() -> None:
    plan = planned({"datasets": {"vn3k": {"synthetic": None}}})
    assert not any("vn3k" in key or "v2e" in key for key in plan.jobs["fit"])
    with pytest.raises(UserError, match=r"datasets\.v2e\.translated: cuhk_en is in en already"):
        planned({"datasets": {"v2e": {"translated": "cuhk_en"}}})
    with pytest.raises(UserError, match=r"datasets\.v2e\.translated: no dataset 'vn3'"):
        planned({"datasets": {"v2e": {"translated": "vn3"}}})


def test_pretraining_makes_the_vocabularies_and_weights_of_the_twins(demo: Plan) -> None:
    assert {path.rpartition("/")[0] for path in demo.pretraining()} == {"results/pretrained"}
    assert len(demo.pretraining()) == 2 * len(demo.config.pretraining) + len(demo.config.vocabularies) + 1
    assert not set(demo.pretraining()) & set(demo.targets())


def test_the_document_shows_every_table_with_latex(demo: Plan) -> None:
    tables = demo.jobs["document"]["tables"].inputs
    assert {path for path in demo.targets() if path.endswith(".tex")} == set(tables)
    assert tables[0] == "results/table1.tex"

"""A wrong configuration is one line that names the key and the remedy."""

from pathlib import Path

import pytest

from glalign.config.loading import layered, load, merge, overlaid, read, resolve
from glalign.support.class_source import class_outline
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def demo() -> dict:
    """The configuration as written."""
    return layered(root=ROOT)


FITTED = {"glalign": "validation", "glalign_global": None, "glalign_local": None}

WRONG = [
    ({"sed": 1}, "sed", "did you mean 'seed'"),
    (
        {"precision": "bf16"},
        "precision",
        "did you mean runtime.precision? On the command line: --config runtime='{precis",
    ),
    ({"systems": {"irra": {"lr": 0.1}}}, "systems.irra.lr: unknown key", "did you mean systems.irra.optim.lr?"),
    ({"device": "gpu"}, "device", "cpu, cuda"),
    ({"seeds": 3}, "seeds", "type array"),
    ({"seeds": [True]}, "seeds.0", "type integer"),
    ({"seeds": [7.0]}, "seeds.0", "7.0 is not of type integer; write 7"),
    ({"seed": 1000.0}, "seed", "; write 1000"),
    ({"seed": 0.5}, "seed", "0.5 is not of type integer"),
    ({"systems": {"irra": {"data": {"flip": 1}}}}, "systems.irra.data.flip", "1 is not one of true, false, no_sides"),
    ({"systems": {"irra": {"data": {"flip": 0.0}}}}, "systems.irra.data.flip", "true, false, no_sides"),
    ({"threads": 0}, "threads", "minimum of 1"),
    ({"systems": {"irra": {"optim": {"lr": "1e-3"}}}}, "systems.irra.optim.lr", "1.0e-3"),
    ({"systems": {"irra": {"budget": {"stesp": 3}}}}, "systems.irra.budget.stesp", "did you mean 'steps'"),
    ({"systems": {"irra": {"budget": {"epochs": 3}}}}, "systems.irra.budget", "null for the other"),
    ({"systems": {"irra": {"model": {"taw": 3}}}}, "systems.irra.model.taw", "did you mean 'tau'"),
    ({"systems": {"irra": {"class": "baselines.ira.Irra"}}}, "systems.irra.class", "no module 'baselines.ira'"),
    ({"systems": {"irra": {"class": "baselines.irra.Ira"}}}, "systems.irra.class", "no class 'Ira'"),
    ({"systems": {"irra": {"class": "Irra"}}}, "systems.irra.class", "package.module.Class"),
    ({"systems": {"new": {"label": "New"}}}, "systems.new.class", "missing"),
    ({"systems": {"glalgn": {"optim": {"lr": 0.1}}}}, "systems.glalgn.", "; or was systems.glalign meant?"),
    ({"datasets": {"vn3": {"root": "x"}}}, "datasets.vn3.", "; or was datasets.vn3k meant?"),
    ({"systems": {"new": {"extends": "glalin"}}}, "systems.new.extends", "did you mean 'glalign'"),
    ({"systems": {"glalign": {"extends": "glalign_local"}}}, "extends", "break the circle"),
    (
        {"systems": {"oracle": {"budget": {"steps": 1, "validate_every": 1, "checkpoint_every": 1}}}},
        "oracle.data",
        "too",
    ),
    ({"systems": 3}, "systems", "type object"),
    ({"systems": {"irra": {"class": ""}}}, "systems.irra.class", "non-empty"),
    ({"systems": {"irra": {"class": "baselines..irra.Irra"}}}, "systems.irra.class", "no dotted path"),
    ({"systems": {"irra": {"model": {"tau": "x"}}}}, "systems.irra.model.tau", "'x' is not of type float"),
    ({"systems": {"irra": {"model": {"cross_depth": 1.5}}}}, "systems.irra.model.cross_depth", "of type int"),
    ({"systems": {"new": {"extends": ["a"]}}}, "systems.new.extends", "no system"),
    ({"alpha": {"system": "irra"}}, "alpha.system", "alpha and score_alpha"),
    (
        {"systems": {"glalign": {"model": {"score_alpha": "validation"}}}},
        "systems.glalign_global.model.score_alpha",
        "alpha 1 trains one; set it to null",
    ),
    (
        {"systems": {name: {"model": {"score_alpha": value}} for name, value in FITTED.items()}},
        "alpha.values",
        "0: model.score_alpha: validation",
    ),
    ({"alpha": {"system": "random"}}, "alpha.system", "alpha and score_alpha"),
    ({"testsets": {"v2e": {"draws": 3}}}, "testsets.v2e.draws", "Set `identities` or `images`"),
    ({"testsets": {"vn3k_100": {"images": 100}}}, "testsets.vn3k_100.images", "write null for the other"),
    (
        {"systems": {"irra": {"data": {"sources": "balanced", "batch_size": 7}}}},
        "irra.data.batch_size",
        "multiple of 2",
    ),
    (
        {"systems": {"vitaa": {"data": {"sources": "balanced", "batch_size": 12}}}},
        "systems.vitaa.data.batch_size: 12 pairs",
        "multiple of 8, for as many of each dataset of trainsets.cuhk_en+v2e",
    ),
    (
        {"systems": {"irra": {"data": {"sources": "balanced", "batch_size": 6}, "memory": {"accumulate": 2}}}},
        "irra.data.batch_size: 3 pairs in each of 2 parts",
        "multiple of 2",
    ),
    ({"datasets": {"vn3k": {"translated_phrases": "x.csv"}}}, "vn3k.translated_phrases", "Set `translated`"),
    ({"datasets": {"v2e": {"translated": "cuhk_vi"}}}, "datasets.v2e.translated", "name its source"),
    ({"datasets": None}, "datasets", "type object"),
    ({"datasets": {"v2e": {"synthetic": {"domain": "street"}}}}, "datasets.v2e.synthetic.train", "missing"),
    ({"datasets": {"a/b": {"label": "x", "language": "en", "people": "x"}}}, "datasets", "a/b"),
    ({"trainsets": {"cuhk_en": ["cuhk"]}}, "trainsets.cuhk_en", "no dataset 'cuhk'"),
    ({"testsets": {"v2e": {"dataset": "v2"}}}, "testsets.v2e.dataset", "did you mean 'v2e'"),
    ({"scenarios": {"SE1": {"train": "cuhk"}}}, "scenarios.SE1.train", "no trainset 'cuhk'"),
    ({"scenarios": {"SE1": {"test": "vn3k"}}}, "scenarios.SE1.test", "no testset 'vn3k'"),
    ({"datasets": {"cuhk_en": {"root": "x", "splits": {"val": None}}}}, "trainsets.cuhk_en", "`splits.val` or `hol"),
    ({"datasets": {"cuhk_en": {"synthetic": {"val": 0}}}}, "trainsets.cuhk_en", "no validation people"),
    ({"results": "a{b}"}, "results", "without braces"),
    ({"seeds": ["0"]}, "seeds.0", "write 0 without quotes"),
    ({"seed": "1e3"}, "seed", "write 1000 without quotes"),
    ({"parsing": {"dress": "none"}}, "parsing.dress", "upper, lower, both"),
    ({"systems": {"irra": {"optim": {"lr": float("nan")}}}}, "systems.irra.optim.lr", "no number to compute with"),
    ({"systems": {"irra": {"memory": {"accumulate": 64}}}}, "systems.irra.memory.accumulate", "two pairs or more"),
    ({"processes": 32, "systems": {"irra": {"memory": {"accumulate": 8}}}}, "irra.data.batch_size", "each of 8 parts"),
    ({"systems": {"irra": {"optim": {"lr": 0}}}}, "systems.irra.optim.lr", "must be greater than 0"),
    ({"systems": {"irra": {"optim": {"warmup": 2}}}}, "systems.irra.optim.warmup", "maximum of 1"),
    ({"systems": {"irra": {"data": {"image_size": [64]}}}}, "irra.data.image_size", "two entries"),
    ({"systems": {"irra": {"data": {"image_size": [64, 0]}}}}, "irra.data.image_size.1", "minimum of 1"),
    ({"systems": {"irra": {"data": {"sampling": "groups", "group": 7}}}}, "irra.data.group", "divides the batch of 64"),
    ({"systems": {"irra": {"by_language": {"de": {}}}}}, "systems.irra.by_language", "'en' or 'vi'"),
    ({"systems": {"irra": {"by_language": {"vi": {"optim": {"lr": 0}}}}}}, "by_language.vi.optim.lr", "greater than 0"),
    ({"systems": {"irra": {"by_language": {"vi": {"length": 0}}}}}, "by_language.vi.length", "greater than 0"),
    ({"systems": {"oracle": {"by_language": {"vi": {"length": 2}}}}}, "by_language.vi.length", "does not train"),
    ({"scenarios": {"SE9": {"train": "v2e", "test": "v2e"}}}, "scenarios: 'SE9'", "SV3"),
    ({"seeds": [1, 2, 1]}, "seeds", "an entry twice"),
    ({"trainsets": {"v2e": ["v2e", "v2e"]}}, "trainsets.v2e", "an entry twice"),
    ({"testsets": {"v2e": {"splits": ["val", "val"]}}}, "testsets.v2e.splits", "an entry twice"),
    ({"systems": {"irra": {"languages": []}}}, "systems.irra.languages", "non-empty"),
    ({"alpha": {"values": [0.5, 0.5]}}, "alpha.values", "an entry twice"),
    ({"tuning": {"rates": [0.1, 0.1]}}, "tuning.rates", "an entry twice"),
    ({"mcnemar": {"system": "glaling"}}, "mcnemar.system", "did you mean 'glalign'"),
    ({"datasets": {"vn3k": {"synthetic": {"domain": "nosuch"}}}}, "vn3k.synthetic.domain", "street, plaza, pretrain"),
    (
        {"datasets": {"cuhk_en": {"synthetic": {"domain": "plaza"}}}},
        "cuhk_en.synthetic.domain: nobody",
        "street, pretr",
    ),
    (
        {"vocabularies": {"tiny_unigram": {"corpus": {"domain": "plaza"}}}},
        "tiny_unigram.corpus.domain",
        "writes captions",
    ),
    ({"pretraining": {"tiny_parser": {"domain": "beach"}}}, "tiny_parser.domain", "street, plaza, pretrain"),
    ({"phrases": {"segmenter": "spacy"}}, "phrases.segmenter", "pyvi, underthesea"),
    ({"vocabularies": {"tiny_unigram": {"corpus": {"languages": ["fr"]}}}}, "corpus.languages.0", "en, vi"),
]


@pytest.mark.parametrize(("overlay", "key", "remedy"), WRONG, ids=[key for _, key, _ in WRONG])
def test_an_error_is_one_line_with_key_and_remedy(demo: dict, overlay: dict, key: str, remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(merge(demo, overlay))
    message = str(caught.value)
    assert "\n" not in message
    assert key in message
    assert remedy in message


def test_every_scenario_of_the_paper_is_there(demo: dict) -> None:
    demo = merge(demo, {})
    del demo["scenarios"]["SE3"]
    with pytest.raises(UserError, match=r"configuration: scenarios\.SE3: missing; add it"):
        resolve(demo)


def test_the_demo_is_complete_and_an_extending_system_inherits(demo: dict) -> None:
    systems = resolve(demo).systems
    assert systems["glalign_global"].model == {**systems["glalign"].model, "alpha": 1.0}
    assert systems["glalign_global"].optim == systems["glalign"].optim
    longer = resolve(merge(demo, {"systems": {"glalign": {"budget": {"steps": 7}}}}))
    assert longer.systems["glalign_local"].budget.steps == 7


def test_an_overlay_changes_what_it_names(demo: dict, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("seeds: [0, 1, 2]\ndatasets: {v2e: {root: /data/v2e}}\n", encoding="utf-8")
    config = overlaid(overlay, root=ROOT)
    assert config.seeds == (0, 1, 2)
    assert config.datasets["v2e"].root == "/data/v2e"
    assert config.datasets["v2e"].label == demo["datasets"]["v2e"]["label"]


@pytest.mark.parametrize("content", [None, "a: [", "- 1\n"])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "broken.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"broken\.yaml") as caught:
        load(file)
    assert "\n" not in str(caught.value)


def test_options_and_needs_are_read_without_importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "plugin"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "base.py").write_text(
        "raise RuntimeError('imported')\n"
        "class Options:\n    width: int\n    depth: int = 2\n    kinds: ClassVar[tuple] = ()\n"
        "class Base:\n    needs: ClassVar[frozenset[str]] = frozenset({'parts', 'phrases'})\n",
        encoding="utf-8",
    )
    (package / "new.py").write_text(
        "from plugin.base import Base as Old, Options\n"
        "class New(Old):\n    pass\nclass Bare(Old):\n    needs = frozenset()\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    outline = class_outline("plugin.new.New")
    assert {name: option.annotation for name, option in outline.options.items()} == {"width": "int", "depth": "int"}
    assert outline.options["depth"].default == 2
    assert outline.needs == {"parts", "phrases"}
    assert class_outline("plugin.new.Bare").needs == frozenset()


def test_a_key_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "overlay.yaml"
    file.write_text("seeds: [0]\nsystems: {irra: {label: a}}\nseeds: [1, 2]\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"overlay\.yaml: not valid YAML \(duplicate key seeds .* line 3"):
        overlaid(file, root=ROOT)


def test_anchors_and_merge_keys_are_no_second_keys(tmp_path: Path) -> None:
    file = tmp_path / "overlay.yaml"
    text = "x: &a {p: 1}\ny: &b {<<: *a, p: 2}\nz: {<<: *b, p: 3}\n"
    file.write_text(text, encoding="utf-8")
    assert read(file) == {"x": {"p": 1}, "y": {"p": 2}, "z": {"p": 3}}


@pytest.mark.parametrize("sign", ["\n", "\r", "\t", "\x00", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\udcff"])
@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda text: {"profile": text}, "profile"),
        (lambda text: {"data_note": text}, "data_note"),
        (lambda text: {"results": text}, "results"),
        (lambda text: {"weights": text}, "weights"),
        (lambda text: {"systems": {"irra": {"label": text}}}, "systems.irra.label"),
        (lambda text: {"systems": {"irra": {"class": text}}}, "systems.irra.class"),
        (lambda text: {"systems": {"irra": {"extends": text}}}, "systems.irra.extends"),
        (lambda text: {"systems": {"irra": {"model": {"deep": [{"er": text}]}}}}, "systems.irra.model.deep.0.er"),
        (lambda text: {"systems": {text: {}}}, "systems"),
        (lambda text: {text: 1}, "a key"),
        (lambda text: {"datasets": {"cuhk_en": {"root": text}}}, "datasets.cuhk_en.root"),
        (lambda text: {"datasets": {"cuhk_en": {"images_from": [text]}}}, "datasets.cuhk_en.images_from.0"),
        (lambda text: {"trainsets": {"one": [text]}}, "trainsets.one.0"),
    ],
)
def test_no_text_has_a_control_character_or_half_a_pair_of_surrogates(make, key, sign) -> None:
    with pytest.raises(UserError) as refused:
        resolve(make(f"demo{sign}\\directlua{{x}}"))
    message = str(refused.value)
    assert message.startswith(f"configuration: {key}: 'demo\\")
    assert "has a control character" in message
    assert message.isprintable()


@pytest.mark.parametrize("section", ["datasets", "trainsets", "testsets", "systems"])
def test_an_id_that_ends_in_a_line_end_is_refused_in_one_line(demo: dict, section: str) -> None:
    first = next(iter(demo[section]))
    with pytest.raises(UserError, match=rf"{section}") as caught:
        resolve(merge(demo, {section: {f"{first}\n": demo[section][first]}}))
    assert "\n" not in str(caught.value) and "\\n" in str(caught.value)

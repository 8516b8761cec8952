"""Which files make a configuration, and that nothing of the demo is in a profile that does not lie on it."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from glalign.config.loading import BASE, DEMO, completed, layered, load, merge, overlaid, read, resolve
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
PAPER, FAST, SMOKE, SUBSET = (
    ROOT / f"config/{name}.yaml" for name in ("paper", "paper_fast", "paper_smoke", "real_subset")
)


def leaves(value: Any) -> Iterator[Any]:
    """Everything that is no map."""
    if isinstance(value, Mapping):
        for below in value.values():
            yield from leaves(below)
    else:
        yield value


def marked(value: Any) -> Any:
    """The same keys with a mark at every leaf."""
    return {key: marked(below) for key, below in value.items()} if isinstance(value, Mapping) else "of the demo"


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """A checkout's configuration with a mark at every leaf of the demo, but for the key that makes it one."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    demo = marked(read(ROOT / DEMO)) | {"profile": "demo"}
    (tmp_path / DEMO).write_text(yaml.safe_dump(demo), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("overlays", [[PAPER], [PAPER, SMOKE]], ids=["paper", "paper_smoke"])
def test_no_value_of_the_demo_is_in_the_paper_profile(marks: Path, overlays: list[Path]) -> None:
    assert "of the demo" not in list(leaves(layered(*overlays, root=marks)))
    assert layered(*overlays, root=marks) == layered(*overlays, root=ROOT)


@pytest.mark.parametrize("overlays", [[], [SUBSET]], ids=["demo", "real_subset"])
def test_the_demo_lies_under_what_names_no_profile_or_extends_it(marks: Path, overlays: list[Path]) -> None:
    values = layered(*overlays, root=marks)
    assert values["systems"]["irra"]["optim"]["lr"] == "of the demo"
    assert values["profile"] == ("real_subset" if overlays else "demo")


def test_an_overlay_without_a_profile_changes_what_lies_below(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("seeds: [4, 5]\n", encoding="utf-8")
    assert layered(mine, root=ROOT) == merge(layered(root=ROOT), {"seeds": [4, 5]})
    assert layered(PAPER, mine, root=ROOT) == merge(layered(PAPER, root=ROOT), {"seeds": [4, 5]})
    mine.write_text("profile: mine\n", encoding="utf-8")
    assert overlaid(mine, root=ROOT).systems["irra"] == load(*(ROOT / name for name in BASE)).systems["irra"]


def test_naming_a_file_of_the_base_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert layered("./config.yaml", ROOT / "config/twins.yaml") == layered()


def test_naming_the_profile_of_the_demo_changes_nothing() -> None:
    assert completed({"profile": "demo"}) == layered()


def test_the_twins_are_found_from_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert overlaid().weights == str(ROOT / "glalign/pretrained")


@pytest.mark.parametrize("unknown", ["paper_fast", "[paper]"])
def test_a_profile_extends_the_demo_or_the_paper_or_nothing(tmp_path: Path, unknown: str) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"{{profile: mine, extends: {unknown}}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"configuration: extends: .* is not one of demo, paper, null"):
        overlaid(mine, root=ROOT)


def test_the_fast_paper_profile_is_the_paper_s_but_for_how_it_computes() -> None:
    """In one file alone, and in results of its own; no key of a system differs."""
    paper, fast = (overlaid(path, root=ROOT) for path in (PAPER, FAST))
    assert overlaid(PAPER, FAST, root=ROOT) == fast
    changed = {key for key, value in fast.to_json().items() if value != paper.to_json()[key]}
    assert changed == {"profile", "results", "runtime"}
    switches = {key: value for key, value in fast.runtime if value != getattr(paper.runtime, key)}
    assert switches == {"precision": "bf16", "tf32": True, "fused": True, "length_buckets": 1}


def test_the_paper_profile_has_the_originals_recipes_in_both_languages() -> None:
    paper = overlaid(PAPER, root=ROOT)
    rates = {language: paper.entry("tbps_clip", language).optim.lr for language in ("en", "vi")}
    assert rates == {"en": 1e-4, "vi": 1e-4}
    for name in paper.systems:
        assert paper.systems[name] == load(*(ROOT / file for file in BASE)).systems[name]


def test_images_are_resized_by_the_filter_of_the_original() -> None:
    systems = overlaid(PAPER, root=ROOT).systems
    filters = {n: (s.data.resize, s.data.gallery_resize) for n, s in systems.items() if s.data}
    bicubic = {"dual_path", "pham2022", "srcf", "rasa", "clip_zero_shot"}
    assert filters.pop("tbps_clip") == ("bilinear", "bicubic")
    assert {name for name, pair in filters.items() if pair == ("bicubic", "bicubic")} == bicubic
    assert {pair for name, pair in filters.items() if name not in bicubic} == {("bilinear", "bilinear")}


def test_a_language_changes_model_and_optimiser() -> None:
    demo = overlaid(root=ROOT)
    assert demo.entry("glalign", "en") is demo.systems["glalign"]
    english, vietnamese = (demo.entry("glalign", language) for language in ("en", "vi"))
    assert (english.optim.lr, vietnamese.optim.lr) == (0.001, 0.003)
    assert vietnamese.model == {**english.model, **english.by_language["vi"].model}
    assert vietnamese.data == english.data
    assert demo.language_of("cuhk_vi") == "vi"


@pytest.mark.parametrize(
    ("budget", "steps", "epochs"),
    [({"steps": 7}, 10, None), ({"steps": 0}, 0, None), ({"steps": None, "epochs": 3}, None, 4.5)],
)
def test_a_language_multiplies_the_length(
    budget: dict[str, int | None], steps: int | None, epochs: float | None
) -> None:
    change = {"systems": {"m_irra": {"budget": budget, "by_language": {"vi": {"length": 1.5}}}}}
    config = resolve(merge(layered(root=ROOT), change))
    assert (config.entry("m_irra", "vi").budget.steps, config.entry("m_irra", "vi").budget.epochs) == (steps, epochs)
    assert config.entry("m_irra", "en").budget == config.systems["m_irra"].budget

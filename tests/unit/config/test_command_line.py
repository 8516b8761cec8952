"""What stands behind `--config` is read as an overlay would be, and chooses no profile."""

from pathlib import Path

import pytest
from snakemake.cli import parse_config

from glalign.config.command_line import check_files, check_profile, typed
from glalign.support.checkout import ROOT
from glalign.support.errors import UserError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("runtime={precision: bf16}", {"runtime": {"precision": "bf16"}}),
        ("runtime={prefetch: 2, tf32: true}", {"runtime": {"prefetch": 2, "tf32": True}}),
        ("tuning={rates: [0.5, 1], seed: 3}", {"tuning": {"rates": [0.5, 1], "seed": 3}}),
        ("seeds=[0, 1]", {"seeds": [0, 1]}),
        ("datasets={v2e: {root: null}}", {"datasets": {"v2e": {"root": None}}}),
        ("show_paper_values=false", {"show_paper_values": False}),
        ("data_note=12 of 30", {"data_note": "12 of 30"}),
        ("data_note=2025-01-02", {"data_note": "2025-01-02"}),
        ("threads=2", {"threads": 2}),
    ],
)
def test_values_have_the_types_of_yaml(text: str, value: dict) -> None:
    given = parse_config([text])
    assert typed(given, given) == value


def test_what_a_file_says_is_left_alone() -> None:
    config = {"runtime": {"prefetch": "2", "image_cache": "7"}, "label": "1", "sub": {"a": "1"}}
    given = {"runtime": {"prefetch": "2"}, "sub": "1", "gone": {"a": "1"}}
    assert typed(config, given) == {"runtime": {"prefetch": 2, "image_cache": "7"}, "label": "1", "sub": {"a": "1"}}


@pytest.mark.parametrize(
    ("given", "files"),
    [(None, []), ("demo", []), ("demo", [{"seed": 1}]), ("paper", [{"profile": "paper"}, {"seed": 1}])],
)
def test_a_profile_that_a_file_names_may_be_repeated(given: str | None, files: list[dict]) -> None:
    check_profile(given, files)


@pytest.mark.parametrize(
    ("given", "files", "remedy"),
    [
        ("nosuch", [], "an overlay that says `profile: nosuch`"),
        ("paper", [{"seed": 1}], "config/paper.yaml"),
        ("mine", [{"profile": "paper"}], "an overlay that says `profile: mine`"),
        ("demo", [{"profile": "paper"}], "leave out the file that says `profile: paper`"),
    ],
)
def test_a_profile_without_its_file_is_refused(given: str, files: list[dict], remedy: str) -> None:
    with pytest.raises(UserError, match=f"--config profile={given}: ") as caught:
        check_profile(given, files)
    assert remedy in str(caught.value)


def test_a_file_of_the_base_is_refused_and_the_demo_is_not() -> None:
    check_files([ROOT / "config/demo.yaml", ROOT / "config/paper.yaml"], "paper")
    with pytest.raises(UserError, match=r"twins\.yaml: lies under every profile already; leave out `--configfile "):
        check_files([ROOT / "config/twins.yaml"], None)
    with pytest.raises(UserError, match="a profile is chosen by its file"):
        check_files([ROOT / "config/demo.yaml"], "paper")


def test_a_key_that_a_file_has_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("seed: 1\nseed: 2\n", encoding="utf-8")
    with pytest.raises(UserError, match="duplicate key seed"):
        check_files([tmp_path / "twice.yaml"], None)

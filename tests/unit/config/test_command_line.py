"""What stands behind `--config` is read as an overlay would be, and chooses no profile."""

import pytest
from snakemake.cli import parse_config

from glalign.config.command_line import check_profile, typed
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

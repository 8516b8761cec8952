"""Values of `model:` are checked when a plan is made, by the class's own checks and without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from glalign.config.loading import layered, merge, overlaid, resolve
from glalign.config.networks import NETWORKS
from glalign.models.towers import albef, backbones, bert, gpt2, multilingual, phobert, resnet
from glalign.support.class_source import class_outline
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
WRONG = [
    ({"irra": {"model": {"tau": -1.0}}}, "systems.irra.model.tau: -1.0 is not above 0; the original has 0.02"),
    ({"m_irra": {"model": {"cross_depth": 0}}}, "systems.m_irra.model.cross_depth: 0 is too small; choose 1 or more"),
    ({"glalign": {"model": {"alpha": 7.0}}}, "systems.glalign.model.alpha: 7.0 does not lie between 0 and 1"),
    ({"glalign": {"model": {"targets": "all"}}}, "systems.glalign.model.targets: 'all'; choose diagonal or identity"),
    ({"glalign": {"model": {"text_token": "end"}}}, "systems.glalign.model.text_token: 'end'; choose "),
    (
        {"glalign": {"by_language": {"vi": {"model": {"text_vocabulary": None}}}}},
        "systems.glalign.by_language.vi.model.text_vocabulary: tiny/phobert needs the name of one",
    ),
    ({"rasa": {"model": {"distil_axis": "rows"}}}, "systems.rasa.model.distil_axis: rows is unknown"),
    ({"pham2021": {"model": {"alpha": 2.0}}}, "systems.pham2021.model.alpha: 2.0 is no cosine"),
    ({"tbps_clip": {"model": {"softness": 1.5}}}, "systems.tbps_clip.model.softness: 1.5 does not lie between 0 and 1"),
    ({"irra": {"model": {"backbone": "tiny/clp"}}}, "irra.model.backbone: no network 'tiny/clp'; did you mean 'tiny"),
    ({"vitaa": {"model": {"backbone": "vgg16"}}}, "vitaa.model.backbone: no network 'vgg16'; known: tiny/resnet, "),
    ({"srcf": {"model": {"text": "bert"}}}, "systems.srcf.model.text: no network 'bert'; did you mean"),
]  # fmt: skip


@pytest.fixture(scope="module")
def demo() -> dict:
    return layered(root=ROOT)


@pytest.mark.parametrize(("systems", "message"), WRONG, ids=[message.partition(":")[0] for _, message in WRONG])
def test_a_wrong_value_is_refused_by_its_key(demo: dict, systems: dict, message: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(merge(demo, {"systems": systems}))
    assert message in str(caught.value)
    assert str(caught.value).startswith("configuration: systems.")


def test_torch_is_not_imported_for_it() -> None:
    """Every system's options are made from their source alone, and their checks are those of the imported class."""
    classes = {entry.class_path for entry in overlaid(root=ROOT).systems.values() if entry.class_path}
    made = sorted(path for path in classes if class_outline(path).options)
    code = (
        "import sys; from glalign.support.options_class import options_class\n"
        "for path in sys.argv[1:]:\n    print(repr(options_class(path)()))\n"
        "assert not {'torch', 'open_clip', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *made], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    options = [sys.modules[class_named(path).__module__].Options for path in made]
    assert done.stdout.splitlines() == [repr(kind()) for kind in options]


def test_an_own_class_with_options_that_need_torch_is_left_to_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glalign.support.options_class import check_options  # noqa: PLC0415

    (tmp_path / "own.py").write_text("import torch\nclass Options:\n    width = torch.zeros(1)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    check_options("own.Own", {"width": 3})


def test_the_names_are_those_of_the_towers() -> None:
    with pytest.raises(UserError) as caught:
        backbones.clip_towers("nosuch", (64, 32))
    clip = str(caught.value).partition("known: ")[2].split(", ")
    tables = (
        [*clip, *multilingual.SHAPES],
        resnet.SHAPES,
        backbones.VGG_NAMES,
        albef.SHAPES,
        bert.SHAPES,
        phobert.SHAPES,
        gpt2.SHAPES,
    )
    assert [set(names) for names in NETWORKS] == [set(table) for table in tables]

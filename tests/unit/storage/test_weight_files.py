"""Weight files: round trips, refusals by name, other image sizes."""

import hashlib
import json

import pytest
import torch
from torch import nn

from glalign.models.towers.backbones import clip_towers, resnet_trunk
from glalign.models.towers.clip import POSITIONS
from glalign.models.towers.positions import resize_positions
from glalign.storage.weight_files import load_weights, read_weights, save_weights
from glalign.support.errors import UserError


def same(first: nn.Module, second: nn.Module) -> bool:
    a, b = first.state_dict(), second.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(1)
    towers = clip_towers("tiny/clip", (64, 32))
    save_weights(tmp_path / "twin.safetensors", towers.state_dict(), towers.about())
    return tmp_path, towers


def test_round_trip_and_equal_bytes(saved):
    folder, towers = saved
    other = clip_towers("tiny/clip", (64, 32), dropout=0.1)
    assert not same(other, towers)
    load_weights(other, folder, "twin")
    assert same(other, towers)
    save_weights(folder / "again.safetensors", other.state_dict(), other.about())
    assert (folder / "again.safetensors").read_bytes() == (folder / "twin.safetensors").read_bytes()


def test_random_loads_nothing(saved):
    folder, _ = saved
    module = nn.Linear(2, 2)
    before = module.weight.clone()
    load_weights(module, folder / "nowhere", "random")
    assert torch.equal(module.weight, before)


@pytest.mark.parametrize("size", [(128, 64), (32, 32), (64, 64)])
def test_other_image_sizes_resize_the_positions_only(saved, size):
    folder, towers = saved
    other = clip_towers("tiny/clip", size)
    load_weights(other, folder, "twin")
    expected = resize_positions(towers.state_dict()[POSITIONS], (8, 4), other.patch_grid, antialias=True)
    assert torch.equal(other.state_dict()[POSITIONS], expected)
    assert torch.equal(other.visual.conv1.weight, towers.visual.conv1.weight)


def test_file_without_a_grid_is_read_as_square(tmp_path):
    square = clip_towers("tiny/clip", (32, 32))
    # open_clip's own files carry a logit scale, and no metadata
    save_weights(tmp_path / "clip.safetensors", {**square.state_dict(), "logit_scale": torch.tensor(4.6)})
    tall = clip_towers("tiny/clip", (64, 32))
    load_weights(tall, tmp_path, "clip")
    assert torch.equal(tall.visual.positional_embedding[0], square.visual.positional_embedding[0])

    save_weights(tmp_path / "tall.safetensors", tall.state_dict())
    with pytest.raises(UserError, match=r"tall\.safetensors.*32 positions.*grid"):
        load_weights(square, tmp_path, "tall")


def test_prefix_takes_a_tower_out_of_a_system(tmp_path):
    whole = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    save_weights(tmp_path / "whole.safetensors", whole.state_dict())
    part = nn.Linear(3, 2)
    load_weights(part, tmp_path, "whole", prefix="1.")
    assert same(part, whole[1])


def test_trunk_ignores_a_classifier(tmp_path):
    trunk = resnet_trunk("tiny/resnet")
    save_weights(tmp_path / "net.safetensors", {**trunk.state_dict(), "fc.weight": torch.zeros(10, 128)})
    other = resnet_trunk("tiny/resnet")
    load_weights(other, tmp_path, "net")
    assert same(other, trunk)
    assert other.conv1.weight.is_contiguous(memory_format=torch.channels_last)


def test_refusals_name_file_and_tensor(tmp_path):
    save_weights(tmp_path / "w.safetensors", nn.Linear(2, 3).state_dict())
    cases = [
        (nn.Linear(2, 4), "w", r"w\.safetensors: tensor .*`weight` has shape \(3, 2\), the model's is \(4, 2\)"),
        (nn.Sequential(nn.Linear(2, 3)), "w", r"tensor `0\.weight` is missing"),
        (nn.Linear(2, 3, bias=False), "w", r"tensor `bias` is unknown"),
        (nn.Linear(2, 3), "absent", r"absent\.safetensors: no such weight file.*snakemake pretrain"),
    ]
    for module, name, message in cases:
        with pytest.raises(UserError, match=message):
            load_weights(module, tmp_path, name)


def test_the_first_three_tensors_that_do_not_fit_are_named(tmp_path):
    save_weights(tmp_path / "w.safetensors", {f"layer{n}": torch.zeros(n + 1) for n in range(6)})
    module = nn.Module()
    for n in range(5):
        module.register_buffer(f"layer{n}", torch.zeros(7))
    with pytest.raises(UserError, match=r"`layer0` has shape.*`layer1` has.*`layer2` has.*\(7,\) and 3 more; the file"):
        load_weights(module, tmp_path, "w")


def test_a_classifier_of_other_classes_is_dropped_with_a_notice(tmp_path, caplog):
    whole = nn.ModuleDict({"trunk": nn.Linear(2, 3), "classifier": nn.Linear(3, 11)})
    save_weights(tmp_path / "w.safetensors", whole.state_dict())
    other = nn.ModuleDict({"trunk": nn.Linear(2, 3), "classifier": nn.Linear(3, 5)})
    kept = other["classifier"].weight.clone()
    with caplog.at_level("INFO", logger="glalign"):
        load_weights(other, tmp_path, "w")
    assert torch.equal(other["trunk"].weight, whole["trunk"].weight)
    assert torch.equal(other["classifier"].weight, kept)
    assert "classifier of other classes dropped (classifier.bias, classifier.weight)" in caplog.text
    same_size = nn.ModuleDict({"trunk": nn.Linear(2, 3), "classifier": nn.Linear(3, 11)})
    load_weights(same_size, tmp_path, "w")
    assert same(same_size, whole)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_value_that_is_no_number_is_named(tmp_path, value):
    layer = nn.Linear(2, 3)
    with torch.no_grad():
        layer.bias[1] = value
    save_weights(tmp_path / "own.safetensors", layer.state_dict())
    with pytest.raises(UserError, match=r"own\.safetensors: tensor `bias` is NaN or infinite in 1 of 3 values: "):
        load_weights(nn.Linear(2, 3), tmp_path, "own")


def test_torn_file_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(path, nn.Linear(20, 30).state_dict())
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(UserError, match=rf"w\.safetensors: not a whole .* fetch w --folder {tmp_path}`"):
        read_weights(path)
    with pytest.raises(UserError, match="no such weight file"):
        read_weights(tmp_path / "none.safetensors")


def test_digest_of_the_record_is_checked(tmp_path):
    path = tmp_path / "w.safetensors"
    module = nn.Linear(2, 3)
    save_weights(path, module.state_dict())
    record = path.with_suffix(".json")
    record.write_text(json.dumps({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
    load_weights(module, tmp_path, "w")
    record.write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(UserError, match=r"w\.safetensors: SHA-256"):
        load_weights(module, tmp_path, "w")
    record.write_text(json.dumps({"recipe": "none"}))
    load_weights(module, tmp_path, "w")


def test_shared_memory_is_stored_twice(tmp_path):
    value = torch.arange(4.0)
    save_weights(tmp_path / "w.safetensors", {"a": value, "b": value[:2]})
    tensors, about = read_weights(tmp_path / "w.safetensors")
    assert tensors["b"].tolist() == [0.0, 1.0]
    assert about == {}

"""Files that are torn, foreign, code or incomplete: each is named, and nothing is written of it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import originals
from safetensors.torch import save_file
from torch import nn

from glalign.evaluation.scores import evaluate_scores
from glalign.storage.weight_files import PRETRAINED
from glalign.storage.weight_status import cached_sha256, fault
from glalign.support.errors import UserError
from glalign.weights.catalogue import weight_release
from glalign.weights.importing import dropped_group, import_release
from glalign.weights.parser_record import parser_record
from glalign.weights.released_tensors import read_released_tensors
from glalign.weights.vocabulary_check import check_vocabulary


class Trap:
    """Code that reading a pickle must not run."""

    def __reduce__(self):
        return (print, ("run",))


def refused(name: str, files: list[Path], folder: Path, message: str) -> None:
    with pytest.raises(UserError, match=message):
        import_release(weight_release(name), files, folder, print)
    assert not list(folder.glob("*.safetensors"))


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_albef_reports_what_it_drops_by_group(source, tmp_path):
    original = originals.albef(source, real=False)
    lines: list[str] = []
    import_release(original.release, original.files, tmp_path, lines.append)
    record = json.loads((tmp_path / "albef.json").read_text(encoding="utf-8"))
    dropped, whole = record["tensors"]["dropped"], torch.load(original.files[0], weights_only=True)["model"]
    momentum = {"visual_encoder_m", "text_encoder_m", "vision_proj_m", "text_proj_m"}
    for group in momentum:
        assert dropped[group] == sum(name.startswith(f"{group}.") for name in whole)
    heads = {"text_encoder.cls.predictions.decoder", "text_encoder.bert.embeddings.position_ids"}
    assert set(dropped) == momentum | heads | {"image_queue", "text_queue", "queue_ptr"}
    assert record["tensors"]["read"] + sum(dropped.values()) == len(whole)
    assert any(f"visual_encoder_m ({dropped['visual_encoder_m']})" in line for line in lines)


def test_a_group_is_the_shortest_beginning_that_nothing_read_shares():
    read = ["text_encoder.bert.embeddings.LayerNorm.bias", "classifier.0.weight"]
    assert dropped_group("classifier.6.weight", read) == "classifier.6"
    assert dropped_group("text_encoder.cls.predictions.bias", read) == "text_encoder.cls"
    assert dropped_group("fc.bias", read) == "fc"


def test_a_tensor_that_is_missing_or_of_another_model_is_named(source, tmp_path):
    original = originals.bert(source, real=False)
    from safetensors.torch import load_file  # noqa: PLC0415

    tensors = load_file(original.files[0])
    del tensors["bert.encoder.layer.1.output.dense.bias"]
    save_file(tensors, original.files[0])
    with pytest.raises(UserError, match=r"model\.safetensors: tensor `layers\.1\.linear2\.bias` is missing"):
        import_release(original.release, original.files, tmp_path, print)
    refused("resnet50", original.files[:1], tmp_path, r"`conv1\.weight` is missing")


@pytest.mark.parametrize("zipped", [True, False])
def test_half_a_download_is_torn(source, tmp_path, zipped):
    path = source / "pytorch_model.bin"
    torch.save(nn.Linear(300, 300).state_dict(), path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused("phobert-base", [path], tmp_path, r"pytorch_model\.bin: .*download it again")
    save_file(nn.Linear(300, 300).state_dict(), source / "a.safetensors")
    torn = source / "a.safetensors"
    torn.write_bytes(torn.read_bytes()[:-1])
    refused("phobert-base", [torn], tmp_path, r"a\.safetensors: not a whole safetensors file .*; download it again$")
    (source / "empty.bin").write_bytes(b"")
    refused("phobert-base", [source / "empty.bin"], tmp_path, r"empty\.bin: .*download it again")


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_an_archive_in_several_files_is_torn(source, name):
    torch.save({"a": torch.zeros(2)}, source / name)
    whole = (source / name).read_bytes()
    place = whole.rindex(b"PK\6\7") + 16  # the number of files in the locator of the archive's end
    (source / name).write_bytes(whole[:place] + b"\2" + whole[place + 1 :])
    with pytest.raises(UserError, match=rf"{name}: .*download it again"):
        read_released_tensors(source / name)


def test_an_archive_with_a_name_that_is_no_text_is_one_line(source):
    torch.save({"a": torch.zeros(2)}, source / "a.pth")
    np.savez(source / "a.npz", similarity=np.eye(2), query_ids=np.arange(2), gallery_ids=np.arange(2))
    for name, read in (("a.pth", read_released_tensors), ("a.npz", evaluate_scores)):
        damaged = bytearray((source / name).read_bytes())
        entry = damaged.rindex(b"PK\1\2")
        damaged[entry + 9] |= 8  # the flag of UTF-8
        damaged[entry + 46] = 0xFF
        (source / name).write_bytes(damaged)
        with pytest.raises(UserError, match=rf"{name}: "):
            read(source / name)


def test_a_pickle_with_code_is_refused_unread(source, tmp_path, capsys):
    torch.save({"model": Trap()}, source / "x.pth")
    refused("albef", [source / "x.pth"], tmp_path, r"x\.pth: holds more than tensors.*refused")
    torch.save([1, 2], source / "list.pt")
    refused("clip-vit-b-32", [source / "list.pt"], tmp_path, "holds no tensors by name")
    assert "run" not in capsys.readouterr().out.split()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(source, tmp_path, value):
    original = originals.resnet(source)
    tensors = torch.load(original.files[0], weights_only=True)
    tensors["layer1.0.conv1.weight"][0, 0, 0, 0] = value
    torch.save(tensors, original.files[0])
    refused("resnet50", original.files, tmp_path, r"resnet50\.pth: tensor `layer1\.0\.conv1\.weight` is NaN or inf")
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: value.to(torch.float8_e4m3fn), "is float8_e4m3fn, which is not read; save it as float32$"),
        (lambda value: (value * 9).to(torch.int8), "is int8, which is not read; save it as float32$"),
        (lambda value: value.to(torch.complex64), "is complex64, which is not read; save it as float32$"),
        (lambda value: value.to_sparse(), "is sparse, which is not read; save it as float32$"),
        (lambda value: value.double() * 0 + 1e300, "is NaN or infinite in 9,408 of 9,408 values"),
    ],
)
def test_values_that_the_model_cannot_hold_are_refused(source, tmp_path, change, message):
    original = originals.resnet(source)
    tensors = torch.load(original.files[0], weights_only=True)
    tensors["conv1.weight"] = change(tensors["conv1.weight"])
    torch.save(tensors, original.files[0])
    refused("resnet50", original.files, tmp_path, rf"resnet50\.pth: tensor `conv1\.weight` {message}")


def test_a_suffix_of_another_kind_of_file_is_named(source, tmp_path):
    tensors = nn.Linear(2, 2).state_dict()
    save_file(tensors, source / "a.pth")
    refused("resnet50", [source / "a.pth"], tmp_path, r"a\.pth: a safetensors file .*; rename it to a\.safetensors$")
    torch.save(tensors, source / "b.safetensors")
    refused("resnet50", [source / "b.safetensors"], tmp_path, r"b\.safetensors: a file of torch\.save .* to b\.pt$")


def test_tensors_below_one_key_are_read_and_below_several_named(source):
    tensors = nn.Linear(2, 2).state_dict()
    torch.save({"model_state_dict": tensors, "epoch": 3, "optimizer": {"state": {}}}, source / "one.pth")
    assert read_released_tensors(source / "one.pth").keys() == tensors.keys()
    torch.save({"student": tensors, "teacher": tensors}, source / "two.pth")
    with pytest.raises(
        UserError, match=r"two\.pth: holds tensors below each of `student`, `teacher`; save those of one"
    ):
        read_released_tensors(source / "two.pth")


@pytest.mark.parametrize("below", [False, True])
def test_tensors_under_numbers_are_refused(source, below):
    tensors = {1: torch.zeros(2), "a": torch.zeros(1)}
    torch.save({"state_dict": tensors} if below else tensors, source / "x.pth")
    with pytest.raises(UserError, match=r"x\.pth: holds a tensor under 1, which is no name; save a state dict"):
        read_released_tensors(source / "x.pth")


@pytest.mark.parametrize("error", [TypeError("int"), KeyError("storage"), AssertionError(), IndexError()])
def test_whatever_torch_raises_of_a_damaged_file_is_one_line(source, monkeypatch, error):
    def fail(*_, **__):
        raise error

    torch.save({"a": torch.zeros(2)}, source / "x.pth")
    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(UserError, match=r"x\.pth: not a whole file of torch\.save \(.*\); download it again"):
        read_released_tensors(source / "x.pth")


def test_a_file_under_its_published_name_has_the_published_digest(source, tmp_path):
    path = source / "resnet50-0676ba61.pth"
    torch.save({"x": torch.zeros(1)}, path)
    refused("resnet50", [path], tmp_path, r"resnet50-0676ba61\.pth: SHA-256 begins with \w{8}, not with 0676ba61")


def test_files_that_belong_to_nothing_are_named(source, tmp_path):
    (source / "README.md").write_text("x", encoding="utf-8")
    refused("resnet50", [source / "README.md"], tmp_path, r"README\.md: no file of resnet50; wanted are resnet50-0676")
    refused("resnet50", [source / "none.pth"], tmp_path, r"none\.pth: no such file")
    refused("vgg16", [source / "a.pth", source / "b.pth"], tmp_path, "one weight file at a time")
    twice = [source / "tokenizer.json", tmp_path / "tokenizer.json"]
    refused(
        "bert-base-uncased", twice, tmp_path, r"tokenizer\.json, .*: one weight file at a time, and one file of a n"
    )
    refused("bert-base-uncased", [source / "vocab.txt"], tmp_path, r"vocab\.txt: no file of bert-base-uncased; wanted")
    refused("xlm-roberta-base", [source / "model.safetensors"], tmp_path, r"wanted are tokenizer\.json")


def test_a_parser_needs_its_configurations_and_the_18_labels(source, tmp_path):
    original = originals.segformer(source, real=False)
    refused("segformer_b2_clothes", original.files[:1], tmp_path, r"config\.json: not among the files")
    refused("segformer_b2_clothes", original.files[1:], tmp_path, r"config\.json: a parser comes whole; import its")
    config = json.loads(original.files[1].read_text(encoding="utf-8"))
    config["id2label"]["1"] = "Helmet"
    original.files[1].write_text(json.dumps(config), encoding="utf-8")
    refused("segformer_b2_clothes", original.files, tmp_path, r"config\.json: its labels are not the 18 of ATR")
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("change", [None, {"depths": "x"}, {"hidden_sizes": [1]}, {"patch_sizes": [-1] * 4}])
def test_a_parsers_configuration_has_to_describe_one(source, tmp_path, change):
    original = originals.segformer(source, real=False)
    config = json.loads(original.files[1].read_text(encoding="utf-8"))
    original.files[1].write_text(json.dumps(config | change if change else []), encoding="utf-8")
    refused("segformer_b2_clothes", original.files, tmp_path, r"config\.json: (not a JSON|describes no).*it again$")
    assert not list(tmp_path.glob("*.json"))


def test_a_parsers_older_image_settings_are_read(source):
    original = originals.segformer(source, real=False)
    settings = {path.name: path for path in original.files[1:]}
    old = {"size": 512, "image_mean": [0.5] * 3, "image_std": [0.2] * 3, "reduce_labels": False}
    settings["preprocessor_config.json"].write_text(json.dumps(old), encoding="utf-8")
    assert parser_record(settings)["input"] == {"size": [512, 512], "mean": [0.5] * 3, "std": [0.2] * 3}
    settings["preprocessor_config.json"].write_text(json.dumps(old | {"reduce_labels": True}), encoding="utf-8")
    with pytest.raises(UserError, match="do_reduce_labels"):
        parser_record(settings)


def test_a_vocabulary_of_another_size_or_half_a_pair_is_refused(source, tmp_path):
    (source / "tokenizer.json").write_bytes((PRETRAINED / "tiny_wordpiece.tokenizer.json").read_bytes())
    refused("bert-base-uncased", [source / "tokenizer.json"], tmp_path, r"entries, the vocabulary .* 30,522")
    (source / "tokenizer.json").write_text('{"version": "1.0", "trunc', encoding="utf-8")
    refused("bert-base-uncased", [source / "tokenizer.json"], tmp_path, r"tokenizer\.json: not a tokenizer\.json")
    for file, other in (("vocab.txt", r"bpe\.codes"), ("bpe.codes", r"vocab\.txt")):
        (source / file).write_bytes((PRETRAINED / f"tiny_phobert.{file}").read_bytes())
        with pytest.raises(UserError, match=rf"together \({other} is missing\)"):
            check_vocabulary(weight_release("phobert-base"), [source / file], tmp_path)
    assert not list(tmp_path.glob("phobert*"))


def test_weights_and_vocabulary_may_come_one_after_the_other(source, tmp_path):
    original = originals.bert(source, real=False)
    import_release(original.release, original.files[:1], tmp_path, print)
    import_release(original.release, original.files[1:], tmp_path, print)
    original.check(tmp_path)
    record = json.loads((tmp_path / "bert-base-uncased.json").read_text(encoding="utf-8"))
    assert sorted(record["files"]) == ["bert-base-uncased.safetensors", "bert-base-uncased.tokenizer.json"]


def test_faults_of_files_that_are_there(tmp_path):
    path = tmp_path / "w.safetensors"
    assert fault(path, "w") == "missing"
    save_file({"a": torch.zeros(100)}, path)
    whole = path.read_bytes()
    assert not fault(path, "w")
    for length in (0, 3, 12, len(whole) - 400, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert fault(path, "w").startswith("torn: "), length
    for content in (whole + b"\0", b"<!doctype html><html>" + bytes(500)):
        path.write_bytes(content)
        assert fault(path, "w").startswith("torn: ")
    for end in ("null", '"4"', "[4]", "{}", "1.5"):
        header = f'{{"a": {{"dtype": "F32", "shape": [1], "data_offsets": [0, {end}]}}}}'.encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
        assert fault(path, "w").startswith("torn: "), end
    path.write_bytes(whole)
    (tmp_path / "w.json").write_text(json.dumps({"sha256": cached_sha256(path)}), encoding="utf-8")
    assert not fault(path, "w")
    path.write_bytes(whole[:-1] + b"\1")
    assert fault(path, "w").startswith("wrong digest: SHA-256 is ")
    (tmp_path / "w.bpe.codes").write_bytes(b"")
    assert fault(tmp_path / "w.bpe.codes", "w").startswith("torn: ")
    (tmp_path / "w.json").write_text('{"sha', encoding="utf-8")
    assert fault(tmp_path / "w.json", "w").startswith("torn: not valid JSON")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", {"id2label": ["Background"]}, r"config\.json: its labels are not the 18 of ATR"),
        ("config.json", {"id2label": None}, r"config\.json: its labels are not the 18 of ATR"),
        ("preprocessor_config.json", {"size": {"shortest_edge": 224}}, r"preprocessor_config\.json: size: .*shortest"),
        ("preprocessor_config.json", {"size": "large"}, r"preprocessor_config\.json: size: 'large' is neither"),
        ("preprocessor_config.json", {"size": True}, r"preprocessor_config\.json: size: True is neither"),
        ("preprocessor_config.json", {"size": 10**9}, r"preprocessor_config\.json: size: 1000000000 is neither"),
        ("preprocessor_config.json", {"image_mean": "abc"}, r"_config\.json: image_mean: 'abc' are not three numbers"),
        (
            "preprocessor_config.json",
            {"image_std": [1, 2]},
            r"_config\.json: image_std: \[1, 2\] are not three numbers",
        ),
        ("preprocessor_config.json", {"image_std": None}, r"_config\.json: image_std: None are not three numbers"),
        ("preprocessor_config.json", {"image_std": [1, 0, 1]}, r"_config\.json: image_std: a deviation of 0"),
    ],
)
def test_a_parsers_settings_of_another_kind(source, file, change, message):
    settings = {path.name: path for path in originals.segformer(source, real=False).files[1:]}
    known = json.loads(settings[file].read_text(encoding="utf-8"))
    settings[file].write_text(json.dumps(known | change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        parser_record(settings)


@pytest.mark.parametrize(
    "record",
    [
        r'{"sha256": "\u001f"}',
        '{"files": []}',
        '{"files": null}',
        '{"files": {"w.safetensors": "x"}}',
        '{"sha256": 5}',
        "[]",
        None,
    ],
)
def test_a_damaged_record_is_torn(tmp_path, record):
    path = tmp_path / "w.json"
    path.mkdir() if record is None else path.write_text(record, encoding="utf-8")
    save_file({"a": torch.zeros(100)}, tmp_path / "w.safetensors")
    assert fault(tmp_path / "w.safetensors", "w").startswith("torn: its record cannot be read (")
    assert fault(path, "w") == ("missing" if record is None else "torn: not a record of weights")


@pytest.mark.parametrize(
    "page", ["<!doctype html>\n<title>404</title>", "<p>é", "Entry not found", '{"error": "no access"}']
)
def test_a_page_in_the_place_of_weights_is_named(source, tmp_path, page):
    (source / "pytorch_model.bin").write_text(page, encoding="utf-8")
    refused("phobert-base", [source / "pytorch_model.bin"], tmp_path, r"model\.bin: not a file of torch\.save.*again")


@pytest.mark.parametrize("name", ["ALBEF.pth", "albef.safetensors"])
def test_a_pointer_of_git_lfs_is_named(source, tmp_path, name):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 3360000000\n"
    (source / name).write_text(pointer, encoding="utf-8")
    refused("albef", [source / name], tmp_path, rf"{name}: a pointer of git-lfs.*`git lfs pull`.*or download it$")

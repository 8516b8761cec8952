"""Files of a release become files of the weights folder, their tensors checked against the module that reads them."""

import errno
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from glalign.storage.weight_files import adapt_tensors, select_fitting
from glalign.storage.weight_status import WEIGHT_SUFFIXES, cached_sha256
from glalign.storage.whole_files import read_json, whole_file, write_json
from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease
from glalign.weights.modules import module_of
from glalign.weights.original_files import PICKLES, read_original
from glalign.weights.parser_record import parser_record
from glalign.weights.vocabularies import check_vocabulary

SETTINGS = ("config.json", "preprocessor_config.json")
"""What a SegFormer needs beside its tensors."""

Say = Callable[[str], object]


def import_release(
    release: WeightRelease, files: Sequence[Path], folder: Path, say: Say, origin: str = "a file brought by hand"
) -> None:
    """Write the files of `release` into `folder` from downloaded ones, with what was done in the record NAME.json.

    files: the weight file (.safetensors, .bin, .pth, .pt, .ckpt), vocabulary files under their released names, a
    parser's two configurations. Weights and vocabulary may come one after the other, a parser comes whole. say: gets a
    report, line by line. Tensors keep their released names; those that the module does not read are left out. Raises:
    UserError naming a file that is torn, foreign to the release or not recognised; nothing is written of it.
    """
    weights, settings, vocabulary = _sorted(release, files)
    record_path = folder / f"{release.name}.json"
    known = read_json(record_path) if record_path.is_file() else {}
    record: dict[str, Any] = dict(known) if isinstance(known, dict) else {}
    entries = record.get("files")
    written: dict[str, Any] = dict(entries) if isinstance(entries, Mapping) else {}
    for path in files:
        _check_published(release, path)
    check_vocabulary(release, vocabulary, folder)
    if weights:
        parser = parser_record(settings) if release.family == "segformer" else None
        tensors, dropped = choose(release, weights, parser["model"] if parser else {}, say)
        target = folder / f"{release.name}.safetensors"
        _write(tensors, target)
        say(f"{target}: {target.stat().st_size / 1e6:,.1f} MB")
        record |= {"sha256": cached_sha256(target), "tensors": {"read": len(tensors), "dropped": dropped}}
        record |= {"record": parser} if parser else {}
        written[target.name] = _entry(target, weights, origin)
    for path in vocabulary:
        target = folder / f"{release.name}.{path.name}"
        with whole_file(target) as temporary:
            shutil.copyfile(path, temporary)
        say(f"{target}: {target.stat().st_size / 1e6:,.1f} MB")
        written[target.name] = _entry(target, path, origin)
    record |= {"files": written, "licence": release.licence, "conditions": release.conditions}
    write_json(record_path, record)


def choose(
    release: WeightRelease, path: Path, parser: Mapping[str, Any], say: Say
) -> tuple[dict[str, Tensor], dict[str, int]]:
    """The tensors of a released file that its module reads, all of which they must fill, and how many of each group of
    names are dropped.

    Raises: UserError naming the file and the tensors that are missing, unknown or of another shape.
    """
    tensors = read_original(path)
    module = module_of(release, parser)
    say(f"{path}: {len(tensors):,} tensors for {type(module).__module__}.{type(module).__name__}")
    fit = select_fitting(module, adapt_tensors(module, tensors, {}, str(path)), str(path))
    names = names_read(module, tensors) if hasattr(module, "adapt") else set(fit)
    dropped = Counter(group_of(name, names) for name in tensors if name not in names)
    lost = ", ".join(f"{group} ({count})" for group, count in dropped.items()) or "none"
    say(f"  mapped   {len(names):,} onto all {len(fit):,} of the module, missing 0")
    say(f"  dropped  {sum(dropped.values()):,}, which nothing reads: {lost}")
    return {name: tensors[name] for name in tensors if name in names}, dict(dropped)


def names_read(module: nn.Module, tensors: Mapping[str, Tensor]) -> set[str]:
    """The names whose values reach the module through its `adapt`.

    Every tensor is replaced by one filled with its number; the numbers that come out are of tensors that are read.
    """
    names = list(tensors)
    probes = {n: torch.tensor(float(number)).expand(tensors[n].shape) for number, n in enumerate(names)}
    found: set[int] = set()
    for value in select_fitting(module, adapt_tensors(module, probes, {}, "probe"), "probe").values():
        if value.is_floating_point():  # else it is made by `adapt`, not read from the file
            first = value[(slice(None), *(0,) * (value.ndim - 1))] if value.ndim else value
            found |= set(first.round().long().unique().tolist())
    return {names[number] for number in found}


def group_of(name: str, read: Iterable[str]) -> str:
    """The shortest beginning of a name, up to a point, that no read tensor shares.

    >>> group_of("text_encoder.bert.pooler.dense.bias", ["text_encoder.bert.embeddings.LayerNorm.bias", "temp"])
    'text_encoder.bert.pooler'
    """
    parts, read = name.split("."), tuple(read)
    beginnings = (".".join(parts[:count]) for count in range(1, len(parts)))
    return next((start for start in beginnings if not any(n.startswith(f"{start}.") for n in read)), name)


def _sorted(release: WeightRelease, files: Sequence[Path]) -> tuple[Path | None, dict[str, Path], list[Path]]:
    """The weight file, a parser's configurations, the vocabulary files."""
    weights, settings, vocabulary = [], {}, []
    published = [source.name for source in release.files]
    for path in files:
        if path.suffix in (".safetensors", *PICKLES) and release.family:
            weights.append(path)
        elif path.name in SETTINGS and release.family == "segformer":
            settings[path.name] = path
        elif path.name in published and f".{path.name}" in WEIGHT_SUFFIXES:
            vocabulary.append(path)
        else:
            raise UserError(f"{path}: no file of {release.name}; wanted are {', '.join(published)}, under these names")
    if len(weights) > 1 or len({path.name for path in files}) < len(files):
        raise UserError(f"{', '.join(map(str, files))}: one weight file at a time, and one file of a name")
    if release.family == "segformer" and not weights:
        raise UserError(f"{files[0]}: a parser comes whole; bring its weight file, {' and '.join(SETTINGS)} together")
    return (weights[0] if weights else None), settings, vocabulary


def _check_published(release: WeightRelease, path: Path) -> None:
    """A file under its published name has the digest that its address states."""
    stated = next((source.sha256 for source in release.files if source.name == path.name), "")
    if stated and path.is_file() and not cached_sha256(path).startswith(stated):
        raise UserError(
            f"{path}: SHA-256 begins with {cached_sha256(path)[:8]}, not with {stated} as the release's does; "
            "download it again"
        )


def _write(tensors: Mapping[str, Tensor], target: Path) -> None:
    """A safetensors file, whole or not at all; the same tensors give the same bytes.

    Tensors stay mapped from the disk, but for those that share their memory with another, which cannot be stored.
    """
    own: dict[str, Tensor] = {}
    places: set[int] = set()
    for name, value in sorted(tensors.items()):
        whole = value.detach().contiguous()
        place = whole.untyped_storage().data_ptr()
        own[name] = whole.clone() if place in places else whole
        places.add(place)
    with whole_file(target) as temporary:
        try:
            save_file(own, temporary)
        except SafetensorError as error:  # of the disk, without a number of its own
            raise OSError(errno.ENOSPC, str(error)) from error


def _entry(target: Path, source: Path, origin: str) -> dict[str, str]:
    digests = {"sha256": cached_sha256(target), "from_sha256": cached_sha256(source)}
    return {**digests, "from": source.name, "origin": origin}

"""Import released files into the weights folder, with tensors checked against the module that reads them."""

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

from glalign.storage.json_files import read_json
from glalign.storage.weight_files import LOGIT_SCALE, adapt_tensors, check_finite, check_plain, select_fitting
from glalign.storage.weight_status import WEIGHT_SUFFIXES, cached_sha256
from glalign.storage.whole_files import whole_file, write_json
from glalign.support.errors import UserError, printable
from glalign.weights.catalogue import WeightRelease
from glalign.weights.clip_files import EXTRAS, open_clip_form
from glalign.weights.empty_modules import empty_module
from glalign.weights.foreign_files import CLIP_FAMILIES, NOT_STATED, check_activation, check_origin
from glalign.weights.origins import HAND, licence, standing
from glalign.weights.parser_record import PARSER_CONFIGS, parser_record
from glalign.weights.released_tensors import PICKLES, read_released_tensors
from glalign.weights.vocabulary_check import check_vocabulary

Report = Callable[[str], object]


def import_release(
    release: WeightRelease, files: Sequence[Path], folder: Path, report: Report, origin: str = HAND
) -> None:
    """Write downloaded files of `release` to `folder` in the suite's formats, and the record NAME.json.

    files: the weight file (.safetensors, .bin, .pth, .pt, .ckpt), vocabulary files under their released names, a
    parser's two configurations. Weights and vocabulary may be imported separately, a parser must be complete. report:
    called with each line of a report. Tensors keep their released names (a CLIP's get open_clip's); those that the
    module does not read are dropped, but a CLIP's logit scale is kept. The record states the digests of the
    imported files and their licence, which is unknown unless they are known to be the release's. Raises: UserError
    naming a file that is damaged, foreign to the release or unknown; it is not written.
    """
    weights, settings, vocabulary = _sort_files(release, files)
    record_path = folder / f"{release.name}.json"
    known = read_json(record_path) if record_path.is_file() else {}
    record: dict[str, Any] = known if isinstance(known, dict) else {}
    entries = record.get("files")
    written: dict[str, Any] = entries if isinstance(entries, dict) else {}
    for path in files:
        _check_published(release, path)
    check_vocabulary(release, vocabulary, folder)
    if weights:
        parser = parser_record(settings) if release.family == "segformer" else None
        check_origin(release, weights)
        tensors = read_released_tensors(weights)
        module = empty_module(release, parser["model"] if parser else {})
        activation = check_activation(release, module, weights, fetched=origin != HAND)
        tensors, dropped = select_tensors(release, module, tensors, weights, report)
        target = folder / f"{release.name}.safetensors"
        _write(tensors, target)
        report(f"{target}: {target.stat().st_size / 1e6:,.1f} MB")
        record |= {"sha256": cached_sha256(target), "tensors": {"read": len(tensors), "dropped": dropped}}
        record |= {"record": parser} if parser else {}
        record |= {"activation": activation} if activation else {}
        written[target.name] = _entry(target, weights, origin)
    for path in vocabulary:
        target = folder / f"{release.name}.{path.name}"
        with whole_file(target) as temporary:
            shutil.copyfile(path, temporary)
        report(f"{target}: {target.stat().st_size / 1e6:,.1f} MB")
        written[target.name] = _entry(target, path, origin)
    found = standing(release, written.values())
    terms, conditions = licence(release, found)
    report(f"{release.name}: {found}; licence: {terms}")
    if record.get("activation") == NOT_STATED:
        report("  trained with QuickGELU (OpenAI's) or GELU: not stated, and tensors do not show it")
    write_json(record_path, record | {"files": written, "licence": terms, "conditions": conditions})


def select_tensors(
    release: WeightRelease, module: nn.Module, whole: dict[str, Tensor], path: Path, report: Report
) -> tuple[dict[str, Tensor], dict[str, int]]:
    """Select the tensors of a file that the release's module needs, and count the dropped ones by group of names.

    Raises: UserError naming the file and the tensors that are missing, unknown, of another shape, not plain or not
    finite.
    """
    check_plain(whole, str(path))
    tensors = open_clip_form(release, whole, path) if release.family in CLIP_FAMILIES else whole
    report(f"{path}: {len(whole):,} tensors for {type(module).__module__}.{type(module).__name__}")
    fit = select_fitting(module, adapt_tensors(module, dict(tensors), {}, str(path)), str(path))
    names = tensors_read(module, tensors) if hasattr(module, "adapt") else set(fit)
    kept = {name: value for name, value in tensors.items() if name in names}
    lost = [name for name in whole if name not in tensors and EXTRAS.search(name)] if tensors is not whole else []
    if release.family in CLIP_FAMILIES and LOGIT_SCALE in tensors:
        kept[LOGIT_SCALE] = tensors[LOGIT_SCALE].reshape(())
    check_finite(kept, str(path))
    dropped = Counter(dropped_group(name, names) for name in (*tensors, *lost) if name not in kept)
    groups = ", ".join(f"{printable(group)} ({count})" for group, count in dropped.items()) or "none"
    report(f"  mapped   {len(names):,} onto all {len(fit):,} of the module, missing 0")
    report(f"  dropped  {sum(dropped.values()):,}, which nothing reads: {groups}")
    return kept, dict(dropped)


def tensors_read(module: nn.Module, tensors: Mapping[str, Tensor]) -> set[str]:
    """Return the names of the tensors of which `adapt` of the module uses values.

    Each tensor is replaced by one filled with its index; the indices in the output show which tensors were used.
    """
    names = list(tensors)
    probes = {n: torch.tensor(float(number)).expand(tensors[n].shape) for number, n in enumerate(names)}
    found: set[int] = set()
    for value in select_fitting(module, adapt_tensors(module, probes, {}, "probe"), "probe").values():
        if value.is_floating_point():  # others are created by `adapt`
            first = value.flatten(1)[:, 0] if value.ndim > 1 else value
            found |= set(first.round().long().unique().tolist())
    return {names[number] for number in found}


def dropped_group(name: str, read: Iterable[str]) -> str:
    """Return the shortest dotted prefix of a name that no read tensor shares.

    >>> dropped_group("text_encoder.bert.pooler.dense.bias", ["text_encoder.bert.embeddings.LayerNorm.bias", "temp"])
    'text_encoder.bert.pooler'
    """
    parts, read = name.split("."), tuple(read)
    prefixes = (".".join(parts[:count]) for count in range(1, len(parts)))
    return next((prefix for prefix in prefixes if not any(n.startswith(f"{prefix}.") for n in read)), name)


def _sort_files(release: WeightRelease, files: Sequence[Path]) -> tuple[Path | None, dict[str, Path], list[Path]]:
    """Sort files into the weight file, a parser's configurations by name, and vocabulary files."""
    weights, settings, vocabulary = [], {}, []
    published = [source.name for source in release.files]
    for path in files:
        if path.suffix in (".safetensors", *PICKLES) and release.family:
            weights.append(path)
        elif path.name in PARSER_CONFIGS and release.family == "segformer":
            settings[path.name] = path
        elif path.name in published and f".{path.name}" in WEIGHT_SUFFIXES:
            vocabulary.append(path)
        else:
            raise UserError(f"{path}: no file of {release.name}; wanted are {', '.join(published)}, under these names")
    if len(weights) > 1 or len({path.name for path in files}) < len(files):
        raise UserError(f"{', '.join(map(str, files))}: one weight file at a time, and one file of a name")
    if release.family == "segformer" and not weights:
        wanted = f"its weights, {' and '.join(PARSER_CONFIGS)}"
        raise UserError(f"{files[0]}: a parser comes whole; import {wanted} together")
    return (weights[0] if weights else None), settings, vocabulary


def _check_published(release: WeightRelease, path: Path) -> None:
    """Compare the SHA-256 of a file under its published name with the prefix that its address states."""
    stated = next((source.sha256 for source in release.files if source.name == path.name), "")
    if stated and path.is_file() and not (found := cached_sha256(path)).startswith(stated):
        what = f"SHA-256 begins with {found[:8]}, not with {stated} as the release's does"
        raise UserError(f"{path}: {what}; download it again")


def _write(tensors: Mapping[str, Tensor], target: Path) -> None:
    """Write a safetensors file atomically; equal tensors give equal bytes.

    Tensors stay memory-mapped, except those that share memory with another, which cannot be stored.
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
        except SafetensorError as error:  # an error of the disk, without an errno
            raise OSError(errno.ENOSPC, str(error)) from error


def _entry(target: Path, source: Path, origin: str) -> dict[str, str]:
    digests = {"sha256": cached_sha256(target), "from_sha256": cached_sha256(source)}
    return {**digests, "from": source.name, "origin": origin}

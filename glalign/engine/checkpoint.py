"""Checkpoints: an interrupted training continues from the last one and ends with the same bytes."""

from pathlib import Path
from typing import Any

import torch

from glalign.storage.whole_files import whole_file
from glalign.support.errors import UserError
from glalign.support.progress import log


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain data) whole or not at all. Raises: UserError naming the file on a full disk."""
    with whole_file(path) as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError as error:  # torch reports a full disk as a RuntimeError of its zip writer
            message = f"{path}: the checkpoint cannot be written ({error}); free the disk and run again"
            raise UserError(message) from error


def load_checkpoint(path: Path, key: str, steps: int) -> dict[str, Any] | None:
    """Read the checkpoint if it was saved under the same `key`; else, or if it is damaged, return None.

    steps: those of the whole training, before the last of which it was saved.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file is no reason to stop: train from the start
        log.info("%s: not readable (%s); training from the start", path, error)
        return None
    if not isinstance(state, dict):
        log.info("%s: not a checkpoint but a %s; training from the start", path, type(state).__name__)
        return None
    if state.get("key") != key:
        log.info("%s: of another configuration, code or data; training from the start", path)
        return None
    if type(step := state.get("step")) is not int or not 0 < step < steps:
        log.info("%s: of step %r of %d; training from the start", path, step, steps)
        return None
    return state

"""Checkpoints: an interrupted training continues from the last one and ends with the same bytes."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only

from glalign.storage.sealed_zip import is_intact, seal
from glalign.storage.whole_files import whole_file
from glalign.support.errors import UserError
from glalign.support.progress import log


class CheckpointWriter:
    """Writes checkpoints to `path` in a thread, one after the other, while the training goes on.

    A context manager: at the end of its block the last checkpoint is complete. What fails in the thread is raised by
    the next call or at the end of the block; if the block itself fails, its own error is raised and the thread's is
    logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[None] | None = None

    def save(self, state: dict[str, Any]) -> None:
        """Copy `state` (see `save_checkpoint`) to the host and begin to write it, once the last one is written."""
        self.wait()
        self._writing = self._pool.submit(save_checkpoint, self._path, on_host(state))

    def wait(self) -> None:
        """Wait until the last checkpoint is written. Raises: UserError naming the file if it could not be."""
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.wait()
        except Exception as error:
            if kind is None:
                raise
            log.error("%s", error)
        finally:
            self._pool.shutdown()


def on_host(state: dict[str, Any]) -> dict[str, Any]:
    """Copy `state`; its tensors are copied to the memory of the host, on a CPU too.

    From a GPU they are copied through page-locked memory, and the host waits once, for all of them.
    """
    copy = tree_map_only(Tensor, _copied, state)
    if torch.cuda.is_initialized():
        torch.cuda.current_stream().synchronize()
    return cast("dict[str, Any]", copy)


def _copied(value: Tensor) -> Tensor:
    value = value.detach()
    return torch.empty_like(value, device="cpu", pin_memory=value.is_cuda).copy_(value, non_blocking=True)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain data) with its digest, whole or not at all.

    Raises: UserError naming the file on a full disk.
    """
    with whole_file(path) as temporary:
        try:
            torch.save(state, temporary)
            seal(temporary)
        except RuntimeError as error:  # torch reports a full disk as a RuntimeError of its zip writer
            message = f"{path}: the checkpoint cannot be written ({error}); free the disk and run again"
            raise UserError(message) from error


def load_checkpoint(path: Path, key: str, steps: int) -> dict[str, Any] | None:
    """Read the checkpoint if it was saved under the same `key`; else, or if it is damaged or was changed, return None.

    A training from the start ends with the same bytes, so that a run that nobody watches loses time and no result.
    steps: those of the whole training, before the last of which it was saved.
    """
    if not path.exists():
        return None
    state, why = None, ""
    try:
        if is_intact(path):
            state = torch.load(path, map_location="cpu", weights_only=True)
        else:
            why = "not as it was written (its digest differs)"
    except Exception as error:  # a damaged file is no reason to stop: train from the start
        why = f"not readable ({error})"
    if why := why or _misfit(state, key, steps):
        log.warning("%s: %s; training from the start", path, why)
        return None
    return state


def _misfit(state: Any, key: str, steps: int) -> str:
    """Why a checkpoint is not of this training; empty if it is."""
    if not isinstance(state, dict):
        return f"not a checkpoint but a {type(state).__name__}"
    if state.get("key") != key:
        return "of another configuration, code or data"
    step = state.get("step")
    return "" if type(step) is int and 0 < step < steps else f"of step {step!r} of {steps}"

"""Where a step makes the host wait for the GPU."""

import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

SAYS = "called a synchronizing CUDA operation"
"""What torch's debug mode says of every such operation."""


def synchronisations(run: Callable[[], object]) -> Counter[str]:
    """Call `run` on a GPU; count the operations in which the host waited, by `folder/file.py:line` of the caller.

    Those of the backward pass, which have no caller in Python, count at the call of `backward`.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            run()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    places = [(Path(one.filename), one.lineno) for one in said if SAYS in str(one.message)]
    return Counter(f"{'/'.join(file.parts[-2:])}:{line}" for file, line in places)

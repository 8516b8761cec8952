"""Import spaCy without importing torch."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_torch() -> Iterator[None]:
    """Context in which importing spaCy does not import torch; torch can be imported after it.

    spaCy's thinc imports torch wherever it is installed, for layers that none of our pipelines has: 0.5 GB and two
    seconds of a job of phrases. An entry of None in `sys.modules` makes `import torch` an ImportError (Python's
    reference, 5.3.1), which thinc takes for "not installed". A torch that is imported already costs nothing more and
    stays.
    """
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # what the reference says, not the stubs
    try:
        yield
    finally:
        del sys.modules["torch"]

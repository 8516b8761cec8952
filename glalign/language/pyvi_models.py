"""pyvi's models, which are loaded from a pickle in seconds."""

import importlib
from functools import cache
from typing import Any

from glalign.support.clock import clock


@cache
def pyvi_module(name: str) -> Any:
    """Load the module `ViTokenizer` or `ViPosTagger` of pyvi. Raises: ImportError where it is not installed.

    Its pickle unpacks the model of CRFsuite into a file of the temporary folder, which stays there when the process
    ends. CRFsuite reads it whole: it is read here, and the file removed.
    """
    with clock.span("imports"):
        module = importlib.import_module(f"pyvi.{name}")
        model = getattr(module, name).model
        if model.tagger_ is not None:
            model.modelfile.cleanup()
    return module

"""Import a class by its dotted name."""

import importlib

from glalign.support.clock import clock


def class_named(dotted: str) -> type:
    """Return the class `package.module.Class`; the configuration check has made sure that it exists."""
    module, _, name = dotted.rpartition(".")
    with clock.span("imports"):
        return getattr(importlib.import_module(module), name)

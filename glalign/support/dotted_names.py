"""Import a class by its dotted name."""

import importlib


def class_named(dotted: str) -> type:
    """Return the class `package.module.Class`; the configuration check has made sure that it exists."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)

"""A system is found by the dotted name in its configuration entry."""

import importlib


def class_named(dotted: str) -> type:
    """The class called `package.module.Class`; the configuration check has made sure that it exists."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)

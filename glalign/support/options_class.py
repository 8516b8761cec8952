"""The dataclass `Options` of a system with its own checks, without importing torch.

A module of a system imports torch, its options need none of it. Only the statements that define `Options` are run: the
class, what it names at the top of its module, and what these name in turn, in other modules of ours as well.
"""

import ast
import contextlib
import copy
import functools
import importlib
import sys
from collections.abc import Mapping
from typing import Any

from glalign.support.class_source import source_of, tree_of

OURS = ("glalign", "baselines")
"""Packages whose source is read; of others only the standard library is imported."""


def check_options(class_path: str, model: Mapping[str, Any]) -> None:
    """Make the options of a system from its `model:` section, which checks their values.

    Options that cannot be made without torch are left to the job. Raises: UserError, as the class does in the job.
    """
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in model.items()}
    with contextlib.suppress(NameError, AttributeError, TypeError, ValueError, ImportError):
        options_class(class_path)(**values)


def options_class(class_path: str) -> type:
    """The class `Options` of the module of a system's class. Raises: NameError if it cannot be had without torch."""
    kind: type = _value(class_path.rpartition(".")[0], "Options")
    return kind


@functools.cache
def _namespace(module: str) -> dict[str, Any]:
    """The names of a module that have been defined so far."""
    return {"__name__": module}


def _value(module: str, name: str) -> Any:
    """What `module` calls `name`. Raises: NameError where it cannot be had without an import of another package."""
    if module in sys.modules and hasattr(sys.modules[module], name):
        return getattr(sys.modules[module], name)
    names = _namespace(module)
    if name not in names:
        names[name] = _defined(module, name, names)
    return names[name]


def _defined(module: str, name: str, names: dict[str, Any]) -> Any:
    """Run the statement of a module that defines `name`, after those that it needs."""
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names:
        return getattr(importlib.import_module(module), name)
    source = source_of(module) if package in OURS else None
    for statement in tree_of(source).body if source else ():
        match statement:
            case ast.ImportFrom(module=str(origin), names=aliases):
                for alias in aliases:
                    if (alias.asname or alias.name) == name:
                        return _value(origin, alias.name)
            case ast.ClassDef(name=own) | ast.FunctionDef(name=own) if own == name:
                return _run(module, statement, name, names)
            case ast.Assign(targets=[ast.Name(id=own)]) | ast.AnnAssign(target=ast.Name(id=own)) if own == name:
                return _run(module, statement, name, names)
    raise NameError(name)


def _run(module: str, statement: ast.stmt, name: str, names: dict[str, Any]) -> Any:
    """Run a statement; a name in it that cannot be had is missed only where it is used, and not in an annotation."""
    statement = copy.deepcopy(statement)
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    for used in {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)} - {name}:
        try:
            names[used] = _value(module, used)
        except (NameError, AttributeError, ImportError):
            continue
    exec(compile(ast.Module([statement], []), module, "exec"), names)
    return names[name]

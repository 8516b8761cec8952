"""Read the options and needs of a class from its source, without importing it (and torch with it)."""

import ast
import functools
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from glalign.support.errors import UserError, suggestion

NEEDS = {
    "parts": "share of each patch that each region covers",
    "phrases": "tokens inside the noun phrases of each region",
    "words": "words of the training captions with their counts",
    "caption_of_person": "a second caption, drawn from all of the person's",
    "caption_of_other_image": "a second caption, drawn from the person's other images",
    "truth": "the generator's attributes (references only)",
}
"""Possible members of a class's attribute `needs`."""

TRAINED = ("build", "loss", "encode_images", "encode_texts")
"""Methods that a system must have; `Retriever` only declares them."""

REQUIRED = object()
"""Default of an option that has none."""


class Option(NamedTuple):
    """Annotation as written and literal default of an option; REQUIRED without a default, None if not a literal."""

    annotation: str
    default: Any


@dataclass(frozen=True)
class ClassOutline:
    """Options (name -> Option, in source order), `needs`, methods and docstring of a class."""

    options: Mapping[str, Option] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    docstring: str = ""


def class_outline(path: str) -> ClassOutline:
    """Read the outline of the class at a dotted path such as `baselines.irra.Irra`.

    Options are the fields of the dataclass `Options` of the same module, `needs` the strings of that class attribute,
    methods those that the class or a base below `Retriever` defines. Base classes and imported names are followed.
    Raises: UserError naming the part of the path that does not exist, or an unknown need.
    """
    module, _, name = path.rpartition(".")
    if module and not all(path.split(".")):
        raise UserError(f"{path!r} is no dotted path; write package.module.Class")
    source = source_of(module) if module else None
    if source is None:
        raise UserError(f"no module {module or path!r} to take the class from; write package.module.Class")
    try:
        return _outline(source, module, name)
    except RecursionError as error:
        raise UserError(f"{source.name}: the imports or bases of {name} go in a circle; break it") from error


def _outline(source: Path, module: str, name: str) -> ClassOutline:
    found = _find(module, name)
    if found is None:
        defined = [node.name for node in tree_of(source).body if isinstance(node, ast.ClassDef)]
        raise UserError(f"{source.name} has no class {name!r}; it has {', '.join(defined) or 'none'}")
    needs = _needs(*found)
    if unknown := sorted(needs - set(NEEDS), key=str):
        raise UserError(f"{name} needs {unknown[0]!r}, which no batch has; {suggestion(unknown[0], NEEDS)}")
    options = _find(module, "Options")
    fields = dict(_options(*options)) if options else {}
    return ClassOutline(fields, needs, frozenset(_methods(*found)), ast.get_docstring(found[1]) or "")


def sampling_of(path: str) -> str:
    """Return the attribute `sampling` of a system's class, the default of its configuration's `data.sampling`."""
    module, _, name = path.rpartition(".")
    waiting = [_find(module, name)]
    while waiting:
        if found := waiting.pop(0):
            if own := assigned(found[1].body, "sampling"):
                return ast.literal_eval(own)
            waiting += _bases(*found)
    raise UserError(f"{path}: neither it nor a base has an attribute `sampling`; derive it from Retriever")


def options_of(model: Mapping[str, Any], outline: ClassOutline) -> dict[str, Any]:
    """Return the options of a system, with the class's literal defaults. model: its `model:` section."""
    return {name: model.get(name, option.default) for name, option in outline.options.items()}


@functools.cache
def source_of(module: str) -> Path | None:
    """Return the source file of a module, found without importing anything; None if there is none."""
    top, *below = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    source = Path(spec.origin)
    for part in below:
        if source.name != "__init__.py":
            return None
        source = source.parent / part / "__init__.py"
        if not source.is_file():
            source = source.parents[1] / f"{part}.py"
        if not source.is_file():
            return None
    return source


@functools.cache
def tree_of(source: Path) -> ast.Module:
    """Return the syntax tree of a source file. Raises: UserError for a syntax error, or a file that is no source."""
    try:
        return ast.parse(source.read_bytes())
    except SyntaxError as error:
        raise UserError(f"{source.name}:{error.lineno or 1}: {error.msg}") from error
    except (MemoryError, OSError, RecursionError, ValueError) as error:
        raise UserError(f"{source.name}: no source of Python ({error}); write it in UTF-8") from error


def _find(module: str, name: str) -> tuple[str, ast.ClassDef] | None:
    """Return the module and the definition of a class that `module` defines or imports by name."""
    source = source_of(module)
    if source is None:
        return None
    for node in tree_of(source).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _find(node.module, alias.name)
    return None


def _bases(module: str, node: ast.ClassDef) -> Iterator[tuple[str, ast.ClassDef]]:
    for base in node.bases:
        found = _find(module, base.id) if isinstance(base, ast.Name) else None
        if found:
            yield found


def _options(module: str, node: ast.ClassDef) -> Iterator[tuple[str, Option]]:
    for base in _bases(module, node):
        yield from _options(*base)
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            annotation = ast.unparse(item.annotation)
            if "ClassVar" not in annotation:
                yield item.target.id, Option(annotation, _literal(item.value))


def _methods(module: str, node: ast.ClassDef) -> Iterator[str]:
    if (module, node.name) == ("glalign.contract.retriever", "Retriever"):
        return
    for base in _bases(module, node):
        yield from _methods(*base)
    yield from (item.name for item in node.body if isinstance(item, ast.FunctionDef))


def _literal(node: ast.expr | None) -> Any:
    if node is None:
        return REQUIRED
    try:
        return ast.literal_eval(node)
    except (TypeError, ValueError):  # the first for a list as a key
        return None


def assigned(body: Iterable[ast.stmt], name: str) -> ast.expr | None:
    """Return the expression that a statement of `body` assigns to `name`, with or without an annotation."""
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=value)
            ) if target == name:
                return value
    return None


def _needs(module: str, node: ast.ClassDef) -> frozenset[str]:
    own = assigned(node.body, "needs")
    if own is not None:
        if isinstance(own, ast.Call):  # frozenset(...)
            own = own.args[0] if own.args else ast.Tuple(elts=[], ctx=ast.Load())
        try:
            return frozenset(ast.literal_eval(own))
        except (ValueError, TypeError) as error:
            raise UserError(
                f'{node.name}: `needs` must be a literal set of names, such as frozenset({{"parts", "phrases"}}): '
                "it is read without importing the class"
            ) from error
    return frozenset().union(*(_needs(*base) for base in _bases(module, node)))

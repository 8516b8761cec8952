"""Digest of the source code that a stage runs.

Snakemake does not see imports. Each heavy rule therefore carries the digest of the modules that its stage reaches, so
that editing a module reruns exactly the stages that import it, and `touch` reruns nothing. The command line
(glalign/cli, glalign/__main__.py) is left out: it only passes arguments on, and in it every stage would depend on
every module.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

from glalign.storage.weight_status import cached_sha256, check, weight_name
from glalign.support.class_source import assigned, source_of, tree_of
from glalign.support.errors import UserError

OURS = ("glalign", "baselines")
GET = "`glalign weights list` says where it comes from, `glalign weights fetch` and `import` get it"
"""Remedy for a missing pre-trained file."""


def reachable(entries: Iterable[str]) -> dict[str, Path]:
    """Find our modules that `entries` import, directly or not, at any nesting, with their packages: name -> source.

    Raises: UserError if an entry does not exist.
    """
    entries = tuple(entries)
    ours = {*OURS, *(entry.partition(".")[0] for entry in entries)}
    found: dict[str, Path] = {}
    waiting = list(entries)
    while waiting:
        module = waiting.pop()
        if module in found or module.partition(".")[0] not in ours:
            continue
        source = source_of(module)
        if source is None:
            if module in entries:
                raise UserError(f"no module {module!r} in this checkout; restore the file")
            continue  # `from package import name`: the name is not a module
        found[module] = source
        waiting += [*_packages(module), *_imports(module, source)]
    return dict(sorted(found.items()))


@functools.cache
def code_digest(entries: tuple[str, ...]) -> str:
    """Return the SHA-256 over the names and bytes of the modules that `entries` reach, and of their data files.

    A module declares its data files in a literal constant `DATA_FILES`: glob patterns relative to its folder.
    """
    digest = hashlib.sha256()
    for module, source in reachable(entries).items():
        declared = assigned(tree_of(source).body, "DATA_FILES")
        patterns = ast.literal_eval(declared) if declared is not None else ()
        for file in [source, *(file for pattern in patterns for file in sorted(source.parent.glob(pattern)))]:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{module} {file.name} {content}\n".encode())
    return digest.hexdigest()


def weight_digests(paths: Iterable[str]) -> str:
    """Return names and digests of pre-trained files (weights, vocabularies) and of the records beside them.

    Raises: UserError naming a file that is missing or not whole and how to get it.
    """
    paths = tuple(paths)
    for path in map(Path, paths):
        if not path.is_file():
            twins = "or make the twins: `snakemake pretrain`, `weights: results/pretrained`"
            if path.suffix in (".json", ".txt", ".codes"):
                kind = "record" if path.name == f"{weight_name(path)}.json" else "vocabulary"
                raise UserError(f"{path}: no such {kind}; {GET}, {twins}")
            present = ", ".join(sorted(file.stem for file in path.parent.glob("*.safetensors"))) or "no weight file"
            what = f"{path}: no such weight file ({path.parent} has {present})"
            raise UserError(f"{what}; {GET}, correct the name, say `random` to start from scratch, {twins}")
        check(path)
    pairs = ((path, path.with_name(f"{weight_name(path)}.json")) for path in map(Path, paths))
    files = dict.fromkeys(file for pair in pairs for file in pair if file.is_file())
    return " ".join(f"{file.name}={cached_sha256(file)}" for file in files)


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


@functools.cache
def _imports(module: str, source: Path) -> tuple[str, ...]:
    """Return names of the modules that a source file may import, at any nesting."""
    package = module.split(".") if source.name == "__init__.py" else module.split(".")[:-1]
    names: list[str] = []
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Import):
            names += [name for alias in node.names for name in (alias.name, *_packages(alias.name))]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(name for name in names if name)

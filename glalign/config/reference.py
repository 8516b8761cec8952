"""The files that are written from the types: the JSON schema and the key tables of config/README.md.

Run `python -m glalign.config.reference` after a change of a section; a test compares the files.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from glalign.config.schema import Node, choices_of, followed, json_schema, types_of
from glalign.config.settings import Settings
from glalign.storage.whole_files import write_text

ROOT = Path(__file__).parents[2]
SCHEMA, README = ROOT / "config/schema.yaml", ROOT / "config/README.md"

HEADER = """\
# The configuration for editors that check YAML while one types; the suite itself checks with glalign/config.
# Written by `python -m glalign.config.reference`. No key is marked as required, because a file has a part of them.
"""

TABLE = re.compile(r"(<!-- keys: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def schema_text() -> str:
    """config/schema.yaml."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_for_editors(json_schema(Settings))}
    return HEADER + "".join(_lines(schema, 0))


def _lines(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    """YAML of a schema: sections and their keys in lines of their own, what a key says of its values in one line."""
    for key, value in node.items():
        if key in ("$defs", "properties") or (depth == 1 and isinstance(value, Mapping)):
            yield f"{'  ' * depth}{key}:\n"
            yield from _lines(value, depth + 1)
        else:
            text = yaml.safe_dump(
                {key: value}, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
            )
            yield f"{'  ' * depth}{text.strip()[1:-1]}\n"


def _for_editors(node: Any) -> Any:
    """A schema without titles, which repeat the keys, and without required keys."""
    if isinstance(node, list):
        return [_for_editors(part) for part in node]
    if not isinstance(node, Mapping):
        return node
    return {key: _for_editors(part) for key, part in node.items() if key != "required" and not _title(key, part)}


def _title(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def readme_text(text: str) -> str:
    """config/README.md with its tables written anew: `<!-- keys: NAME ... -->` is followed by that of these sections.

    NAME is a key, at any depth, of a section or of a map of sections; `top` stands for the plain keys at the top.
    """
    return TABLE.sub(lambda found: f"{found[1]}{_table(found[2].split())}\n{found[3]}", text)


def _table(names: list[str]) -> str:
    """A table of the keys of some sections; with more than one, the name of the section stands before each key."""
    schema, sections = json_schema(Settings), dict(_sections(json_schema(Settings)))
    lines = ["| key | values | default | meaning |", "|---|---|---|---|"]
    for name in names:
        prefix = f"{name}." if len(names) > 1 else ""
        for key, node, required in _keys(schema, sections[name], name):
            values, default = _values(schema, node), "required" if required else _written(node.get("default"))
            default = "" if values.startswith("keys below") else default
            cells = (f"`{prefix}{key}`", values, default, node["description"])
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _sections(schema: Node) -> Iterator[tuple[str, Node]]:
    """Every section that may have a table of its own, by the key that it is below."""
    yield "top", schema
    waiting = [schema]
    while waiting:
        for key, node in waiting.pop()["properties"].items():
            if section := _section(schema, node):
                yield key, section
                waiting.append(section)


def _section(schema: Node, node: Node) -> Node | None:
    """The section that a key has as its value or as the values of its map, if it has any."""
    found = followed(schema, node)
    maps = (*found.get("patternProperties", {}).values(), found.get("additionalProperties"))
    for part in (found, *(followed(schema, part) for part in maps if isinstance(part, Mapping))):
        if "properties" in part:
            return part
    return None


OWN_TABLES = frozenset({"data", "optim", "budget", "memory", "corpus"})
"""Sections below others that have a table of their own; keys of the rest stand in the table of the section above."""


def _keys(schema: Node, section: Node, name: str) -> Iterator[tuple[str, Node, bool]]:
    """(key, schema, whether it is required) of a row."""
    for key, node in section["properties"].items():
        found = followed(schema, node)
        if "properties" in found and key not in OWN_TABLES and name != "top":
            yield from ((f"{key}.{below}", part, must) for below, part, must in _keys(schema, found, key))
        elif found.get("type") != "object" or name != "top":
            yield key, node, key in section.get("required", ())


def _values(schema: Node, node: Node) -> str:
    """What a key may be."""
    if choices := choices_of(schema, node):
        return ", ".join(map(_written, choices))
    found, null = followed(schema, node), ", or `null`" if "null" in types_of(schema, node) else ""
    match found.get("type"):
        case "integer" | "number" as kind:
            words = kind + _range(found)
        case "array" if "prefixItems" in found:
            words = f"pair of {_values(schema, found['prefixItems'][0])}"
        case "array":
            words = f"list of {_values(schema, found['items'])}"
        case "object":
            words = "keys below" if "properties" in found else "map"
        case kind:
            words = {"boolean": "`true`, `false`", "string": "text"}[str(kind)]
    return f"{words}{null}"


BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _range(node: Node) -> str:
    """The bounds of a number."""
    return ",".join(f" {sign} {node[key]:g}" for key, sign in BOUNDS.items() if key in node)


def _written(value: Any) -> str:
    """A value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
    return "empty" if value == "" else f"`{text}`"


def main() -> None:
    """Write both files."""
    write_text(SCHEMA, schema_text())
    write_text(README, readme_text(README.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()

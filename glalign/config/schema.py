"""The JSON schema of a section: where a key is found in it, and what it says of its values."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from glalign.config.base import Section

Node = Mapping[str, Any]


@functools.cache
def json_schema(kind: type[Section]) -> Node:
    """JSON schema of a section and of all sections below it."""
    return kind.model_json_schema(by_alias=True)


def followed(schema: Node, node: Node) -> Node:
    """The schema of a value that is not null, behind `$ref` and `anyOf`."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        else:
            node = next(part for part in node["anyOf"] if part.get("type") != "null")
    return node


def node_at(schema: Node, path: Iterable[str | int]) -> Node:
    """The schema of the key at `path`, with its description; empty if there is none."""
    node = schema
    for part in path:
        above = followed(schema, node)
        items = above.get("prefixItems") or [above.get("items", {})]
        if isinstance(part, int):
            node = items[min(part, len(items) - 1)]
        elif part in above.get("properties", {}):
            node = above["properties"][part]
        else:
            others = (*above.get("patternProperties", {}).values(), above.get("additionalProperties"))
            node = next((other for other in others if isinstance(other, Mapping)), {})
    return node


def types_of(schema: Node, node: Node) -> list[str]:
    """Types that a value may have, in the words of JSON schema."""
    if "anyOf" in node:
        return [name for part in node["anyOf"] for name in types_of(schema, part)]
    found = followed(schema, node)
    return [found["type"]] if "type" in found else []


def choices_of(schema: Node, node: Node) -> list[Any]:
    """The values that are allowed, where they are a list of values."""
    found = followed(schema, node)
    values = found.get("enum") or ([found["const"]] if "const" in found else [])
    return [*values, None] if values and "null" in types_of(schema, node) else list(values)

"""YAML files: one reader that is bounded in time and memory, whatever a file holds."""

from pathlib import Path
from typing import Any

import yaml

from glalign.storage.whole_files import read_text
from glalign.support.errors import UserError

LONGEST = 250_000
"""Characters of a text, five times those of the longest file of the suite."""
DEEPEST = 50
"""Maps and lists inside each other."""
MOST_VALUES = 50_000
"""Values of a text, those behind every alias counted again."""
LONGEST_NUMBER = 100
"""Characters of a number."""

WRONG_VALUE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What the constructors of yaml raise for a text that is none of its tag: 2001-99-99, `!!int x`."""

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read_yaml(path: Path | str, missing: str = "") -> Any:
    """Parse a YAML file. missing: remedy for a missing file. Raises: UserError as `read_text` and `parse_yaml` do."""
    return parse_yaml(read_text(path, missing), path)


MERGE = "tag:yaml.org,2002:merge"
"""Tag of the key `<<`."""


def parse_yaml(text: str, place: Path | str) -> Any:
    """Parse YAML into plain values.

    Raises: UserError naming `place` for a text that is not YAML, has a duplicate key or exceeds a bound.
    """
    if len(text) > LONGEST:
        raise UserError(f"{place}: {len(text):,} characters of YAML, more than {LONGEST:,}; shorten it")
    try:
        return yaml.load(text, BoundedLoader)
    except yaml.YAMLError as error:
        why = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise UserError(f"{place}: not valid YAML ({why}); correct it") from error


class BoundedLoader(yaml.SafeLoader):
    """Loader that enforces the bounds and refuses duplicate keys, of which YAML's own would keep the last value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.values: dict[yaml.Node, int] = {}  # of a node with all below it, once it is complete

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        """Compose a node. Raises: an error of YAML with the line at which a bound is exceeded."""
        mark, is_alias = self.peek_event().start_mark, self.check_event(yaml.AliasEvent)
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"deeper than {DEEPEST} maps and lists", mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node not in self.values:
            if is_alias:
                raise yaml.composer.ComposerError(None, None, "a value that is part of itself", mark)
            children = [] if isinstance(node, yaml.ScalarNode) else _children(node)
            self.values[node] = 1 + sum(self.values[child] for child in children)
        if self.values[node] > MOST_VALUES:
            raise yaml.composer.ComposerError(None, None, f"more than {MOST_VALUES:,} values", mark)
        return node

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """Compose a map. Raises: an error of YAML with the line of a duplicate key; `yes` and `true` are one key."""
        node, seen = super().compose_mapping_node(anchor), set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                value = key.value if key.tag == MERGE else self.construct_object(key)
                if value in seen:
                    raise yaml.composer.ComposerError(None, None, f"duplicate key {key.value}", key.start_mark)
                seen.add(value)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value. Raises: an error of YAML with the line of a value that its tag does not allow."""
        if node.tag in NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, "a number of too many digits", node.start_mark)
        try:
            return super().construct_object(node, deep)
        except WRONG_VALUE as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"no {kind}: {error}", node.start_mark) from error


def _children(node: yaml.Node) -> list[yaml.Node]:
    return [child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))]

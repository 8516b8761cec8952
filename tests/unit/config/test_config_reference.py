"""The JSON schema and the key tables of config/README.md are what the types say."""

from collections.abc import Iterator

import yaml

from glalign.config.reference import README, SCHEMA, readme_text, schema_text
from glalign.config.schema import Node, json_schema
from glalign.config.settings import Settings

COMMAND = "run: python -m glalign.config.reference"


def test_the_files_are_written_from_the_types() -> None:
    text = README.read_text(encoding="utf-8")
    assert readme_text(text) == text, COMMAND
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), COMMAND


def properties() -> Iterator[tuple[str, str, Node]]:
    """(section, key, schema) of everything that can be configured."""
    schema = json_schema(Settings)
    for name, section in {"Settings": schema, **schema["$defs"]}.items():
        yield from ((name, key, node) for key, node in section["properties"].items())


def test_every_key_is_described_and_in_the_reference() -> None:
    reference = README.read_text(encoding="utf-8")
    assert [(name, key) for name, key, node in properties() if not node.get("description")] == []
    named = {key for _, key, _ in properties()}
    assert {key for key in named if f"{key}`" not in reference and f"`{key}." not in reference} == set()


def test_the_schema_is_valid_yaml_and_asks_for_no_key() -> None:
    assert "required" not in str(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))).replace("is required", "")

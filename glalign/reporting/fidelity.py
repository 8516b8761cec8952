"""docs/fidelity.md, from the docstrings: what each system keeps of its original, what it simplifies, what it omits."""

import re
from collections.abc import Mapping

from glalign.config.loading import Config
from glalign.support.errors import UserError

SECTIONS = ("Source", "Kept", "Simplified", "Not done", "At a disadvantage")
REQUIRED = ("Source", "Kept", "Simplified", "Not done")

HEAD = """# Fidelity

What each system keeps of its original, what is simplified and what is not done, with the source of its constants. Made
from the docstrings of the classes by `make docs`; edit those.
"""


def fidelity(config: Config) -> str:
    """The document for every system of the configuration that trains. Raises: UserError naming a missing section."""
    parts = [HEAD]
    seen: set[str] = set()
    for name, entry in config.systems.items():
        if entry.class_path is None or entry.budget is None or entry.class_path in seen:
            continue
        seen.add(entry.class_path)
        summary, sections = parse_docstring(config.classes[name].docstring)
        for section in REQUIRED:
            if section not in sections:
                raise UserError(f"{entry.class_path}: its docstring has no paragraph that begins with `{section}:`")
        lines = [f"## {entry.label}\n", f"`{name}`, `{entry.class_path}`. {summary}\n"]
        lines += [f"**{section}.** {sections[section]}\n" for section in SECTIONS if section in sections]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def parse_docstring(docstring: str) -> tuple[str, Mapping[str, str]]:
    """The first paragraph of a docstring, and its sections by name; a section begins with its name and a colon.

    >>> parse_docstring("A system.\\n\\nKept: all\\nof it.\\n\\nAnd more.\\n\\nSource: us.")
    ('A system.', {'Kept': 'all of it. And more.', 'Source': 'us.'})
    """
    first, *others = ([" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", docstring.strip())]) or [""]
    sections: dict[str, str] = {}
    current = None
    for paragraph in others:
        name, found, rest = paragraph.partition(":")
        if found and name in SECTIONS:
            current, sections[name] = name, rest.strip()
        elif current:
            sections[current] += f" {paragraph}"
    return first, sections

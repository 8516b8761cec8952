"""The environment around a table's LaTeX: its caption, label and kind are hooks that a document may set.

A hook holds for the next table alone: the file forgets it at its end.
"""

from collections.abc import Sequence

from glalign.reporting.tex_text import comment

CAPTION, LABEL, ENVIRONMENT = "\\glaligncaption", "\\glalignlabel", "\\glalignenvironment"
EXAMPLES = {CAPTION: "Ranks on our split.", LABEL: "tab:ours", ENVIRONMENT: "table*"}


def hooks(values: dict[str, str]) -> str:
    """Comments that name the hooks, and their default values (LaTeX)."""
    lines = [comment("to change these without editing the file, before its \\input, for this table alone:")]
    lines += [comment(f"  \\newcommand{{{hook}}}{{{EXAMPLES[hook]}}}") for hook in values]
    return "".join((*lines, *(f"\\providecommand{{{hook}}}{{{value}}}\n" for hook, value in values.items())))


def forget(values: Sequence[str]) -> str:
    """What ends the file: the hooks are no longer set."""
    return "".join(f"\\let{hook}\\relax\n" for hook in values)


def framed(body: str, caption: str, label: str, environment: str = "table") -> str:
    """`body` in a floating environment, below its caption and label, in \\footnotesize. All arguments are LaTeX."""
    values = {CAPTION: caption, LABEL: label, ENVIRONMENT: environment}
    begin, end = (f"\\expandafter\\{what}\\expandafter{{{ENVIRONMENT}}}" for what in ("begin", "end"))
    return (
        f"{hooks(values)}{begin}[htbp]\n\\centering\n\\footnotesize\n"
        f"\\caption{{{CAPTION}}}\n\\label{{{LABEL}}}\n{body}{end}\n{forget(tuple(values))}"
    )

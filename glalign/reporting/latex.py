"""LaTeX of a table's frame: booktabs rules, siunitx columns, a threeparttable that can be \\input.

pandas' Styler writes the tabular; this module chooses columns, marks the best values and adds caption and notes. The
bytes depend on the frame and the specification alone: no time, no commit. Texts enter through the functions
of tex_text.py.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from glalign.planning.table_stages import TableSpec
from glalign.reporting.tex_frame import framed
from glalign.reporting.tex_notes import listed
from glalign.reporting.tex_text import comment, escape, label, numeral

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = "booktabs, siunitx (version 3), threeparttable, adjustbox"
HEADS = {
    "method": "Method", "variant": "Variant", "feature_type": "Features",
    "image_backbone": "Image encoder", "text_backbone": "Text encoder",
    "scenario": "Scenario", "dataset": "Data set", "language": "Language",
    "body_part": "Body part", "rank1": "Rank-1 (%)", "rank5": "Rank-5 (%)", "rank10": "Rank-10 (%)", "map": "mAP",
    "minp": "mINP",
    "person_ids": "Persons", "images": "Images", "descriptions": "Captions", "avg_length": "Words per caption",
    "validation_rank1": "Val.", "chance_rank1": "Chance", "selected_step": "Step", "pairs": "Pairs",
    "parameters": "Parameters",
}  # fmt: skip
TRUE, FOUND = "Ours, true phrases", "Ours, found phrases"
COVERAGE_HEADS = {
    "body_part": ("", "Body part"), "total_nps_paper": ("Paper", "Phrases"), "matched_paper": ("Paper", "Matched"),
    "coverage_paper": ("Paper", "Coverage (\\%)"), "true_phrases": (TRUE, "Phrases"), "covered": (TRUE, "Covered"),
    "coverage": (TRUE, "Coverage (\\%)"), "coverage_lo": (TRUE, "95\\,\\%"), "coverage_delta": (TRUE, "$\\Delta$"),
    "phrases": (FOUND, "Phrases"), "relative_coverage": (FOUND, "Relative coverage (\\%)"),
}  # fmt: skip
"""(group head, head) of the columns of Table 2; that of the lower bound holds the interval."""

CITED = ("method", "variant", "dataset")
"""Columns with names of systems or datasets."""

WILSON = r"95\,\%"
"""Head of a column of Wilson intervals."""

EXTENDED = (
    r"95\,\%: Wilson interval over queries; Persons: 95\,\% bootstrap over persons; SD: over seeds; Ties: "
    "equal scores counted for the query; Val.: on the validation identities."
)
"""What the columns of an extended table are."""

DRAWS = (
    "SD, draws: sample standard deviation of Rank-1 over the draws of the test set; Draws: the lowest and the highest."
)
"""What its columns of the draws of a test set are."""

MISSING = "{--}"
NUMBERS = "\\sisetup{mode=text, reset-text-series=false, text-series-to-math=true, retain-explicit-plus=true}\n"
"""How siunitx sets the columns of numbers."""

Column = tuple[str, str, list[str], bool]
"""(group head, head, cells, whether numeric); cells are TeX."""


def render_latex(frame: "pd.DataFrame", spec: TableSpec, target: str) -> str:
    """The file of one table: comments, then a table environment with caption, label, tabular and notes.

    target: the file's path as the workflow knows it, for the comment that says how to make it again.
    """
    columns = table_columns(frame, spec.extended, [row.paper_row is not None for row in spec.rows])
    body = add_rules(set_tabular(columns), columns, block_starts(frame))
    name = f"table{spec.table}" + ("_extended" if spec.extended else "")
    head = (f"glalign table {name.removeprefix('table')} | profile: {spec.profile}",
            f"generated: snakemake --cores 1 {target}", f"needs: {PACKAGES}")  # fmt: skip
    return "".join(map(comment, head)) + framed(scaled(body, _notes(frame, spec)), _caption(frame, spec), label(name))


def scaled(tabular: str, notes: Sequence[str]) -> str:
    """A tabular and its notes, scaled down to the line where they are wider."""
    return (
        f"{NUMBERS}\\setlength{{\\tabcolsep}}{{4pt}}\n"
        "\\begin{adjustbox}{max width=\\linewidth}\n\\begin{threeparttable}\n"
        f"{tabular}"
        f"{listed(notes)}\\end{{threeparttable}}\n\\end{{adjustbox}}\n"
    )


def printed_citation(name: str, number: str) -> str:
    """LaTeX of a system's name with its number in the paper's list of references, unless the name has it already."""
    return escape(f"{name} [{number}]" if number and f"[{number}]" not in name else name)


def table_columns(  # noqa: PLR0912 one branch per kind of column
    frame: "pd.DataFrame", extended: bool, competing: list[bool], cited: Callable[[str, str], str] = printed_citation
) -> list[Column]:
    """The columns in order, without those that are empty. cited: name, number in the paper's list -> LaTeX."""
    columns: list[Column] = []
    compared = not {"method", "variant"}.isdisjoint(frame.columns)  # else rows do not compete, and none is the best

    def add(group: str, head: str, cells: Sequence[str], numeric: bool) -> None:
        if any(cells):
            columns.append((escape(group), head, [cell or MISSING if numeric else cell for cell in cells], numeric))

    if "relative_coverage" in frame:
        for name, (group, head) in COVERAGE_HEADS.items():
            if name == "body_part":
                add(group, head, list(map(escape, frame[name])), numeric=False)
            elif name == "coverage_lo":
                add(group, head, bracketed(frame, name, "coverage_hi"), numeric=False)
            else:
                add(group, head, list(map(_signed if name == "coverage_delta" else numeral, frame[name])), numeric=True)
        return columns
    numbers = [name.removesuffix("_delta") for name in frame.columns if name.endswith("_delta")]
    if extended:
        numbers = numbers[:1]  # Rank-5 and Rank-10 are in the CSV
    for name in frame.columns[: frame.columns.get_loc(f"{numbers[0]}_paper")]:
        if name in HEADS and name != "cite" and not (extended and name.endswith("_backbone")):
            cells = list(map(escape, frame[name]))
            if name in CITED:
                printed = frame["cite"] if name == "method" and "cite" in frame else [""] * len(frame)
                cells = [cited(text, reference) for text, reference in zip(frame[name], printed, strict=True)]
            add("", escape(HEADS[name]), cells, False)
    for name in numbers:
        head = HEADS.get(name, name)
        ours = mark_best(list(frame[name]), competing) if compared else list(map(numeral, frame[name]))
        add(head, "Paper", list(map(numeral, frame[f"{name}_paper"])), True)
        add(head, "Ours", ours, True)
        add(head, r"$\Delta$", [_signed(value) for value in frame[f"{name}_delta"]], True)
        if f"{name}_lo" in frame and (extended or not any(frame[f"{name}_paper"])):
            add(head, WILSON, bracketed(frame, f"{name}_lo", f"{name}_hi"), False)
        if extended:
            add(head, "Persons", bracketed(frame, f"{name}_boot_lo", f"{name}_boot_hi"), False)
            add(head, "SD", list(map(numeral, frame[f"{name}_sd"])), True)
            add(head, "Ties", list(map(numeral, frame[f"{name}_best"])), True)
            if f"{name}_sd_of_draws" in frame:
                add(head, "SD, draws", list(map(numeral, frame[f"{name}_sd_of_draws"])), True)
                add(head, "Draws", bracketed(frame, f"{name}_min_of_draws", f"{name}_max_of_draws"), False)
    for name in ("validation_rank1", "chance_rank1"):
        if extended:
            add(HEADS["rank1"], HEADS[name], list(map(numeral, frame[name])), True)
    for name in ("map", "minp"):
        if name in frame and (extended or not any(frame["rank1_paper"])):
            add("", f"{HEADS[name]} (\\%)", mark_best(list(frame[name]), competing), True)
    for name in ("selected_step", "pairs", "parameters"):
        if extended:
            add("", HEADS[name], list(map(escape, frame[name])), False)
    return columns


def mark_best(values: list[str], competing: list[bool]) -> list[str]:
    """The best of our values bold, the second underlined; ties alike, decided on the rounded values.

    competing: rows of the paper's table; ablations and references are shown, but win nothing.
    """
    ranking = sorted({Decimal(v) for v, own in zip(values, competing, strict=True) if v and own}, reverse=True)
    widest = max((len(value) for value in values), default=0)

    def marked(value: str, own: bool) -> str:
        if own and value and Decimal(value) == ranking[0] and len(ranking) > 1:
            return f"\\bfseries {value}"
        if own and value and len(ranking) > 2 and Decimal(value) == ranking[1]:
            # a box in braces is text to siunitx: padded to the width of the column's widest number
            padding = f"\\phantom{{{'0' * (widest - len(value))}}}" if len(value) < widest else ""
            return f"{{{padding}\\underline{{{value}}}}}"
        return numeral(value)

    return [marked(value, own) for value, own in zip(values, competing, strict=True)]


def _signed(value: str) -> str:
    return numeral(f"+{value}" if value and not value.startswith("-") and Decimal(value) else value)


def bracketed(frame: "pd.DataFrame", low: str, high: str) -> list[str]:
    """Intervals, which begin no row."""
    return [f"[{numeral(a)}, {numeral(b)}]" if a else "" for a, b in zip(frame[low], frame[high], strict=True)]


def column_type(column: Column) -> str:
    """l for text; S with exactly the places that its numbers need."""
    if not column[3]:
        return "l"
    numbers = [cell.replace("\\bfseries ", "") for cell in column[2] if not cell.startswith("{")]
    numbers += [cell.rsplit("{", 1)[1].rstrip("}") for cell in column[2] if "underline" in cell]
    whole = max((len(number.lstrip("+-").partition(".")[0]) for number in numbers), default=1)
    places = max((len(number.partition(".")[2]) for number in numbers), default=0)
    sign = "+" if any(number[0] in "+-" for number in numbers) else ""
    return f"S[table-format={sign}{whole}.{places}]"


def set_tabular(columns: list[Column]) -> str:
    """The tabular by pandas' Styler, with a second head row where columns are grouped."""
    import pandas as pd  # noqa: PLC0415

    grouped = any(group for group, *_ in columns)
    heads = [(group, head) for group, head, *_ in columns]
    index = pd.MultiIndex.from_tuples(heads) if grouped else pd.Index([head for _, head in heads])
    lines = list(zip(*(cells for _, _, cells, _ in columns), strict=True))
    style = pd.DataFrame(lines, columns=index, dtype=object).style.hide(axis="index")
    layout = "".join(column_type(column) for column in columns)
    return style.to_latex(column_format=layout, siunitx=True, hrules=True, multicol_align="c")


def add_rules(tabular: str, columns: list[Column], breaks: list[int]) -> str:
    """Add a rule under every grouped head and above the rows in `breaks`; Styler knows neither."""
    lines, spans, start = tabular.splitlines(), [], 0
    for position in range(1, len(columns) + 1):
        if position == len(columns) or columns[position][0] != columns[start][0]:
            if columns[start][0]:
                spans.append(f"\\cmidrule(lr){{{start + 1}-{position}}}")
            start = position
    first = lines.index(r"\midrule") + 1
    for row in reversed(breaks):
        lines.insert(first + row, r"\midrule")
    if spans:
        lines.insert(lines.index(r"\toprule") + 2, " ".join(spans))
    return "\n".join(lines) + "\n"


def block_starts(frame: "pd.DataFrame") -> list[int]:
    """Rows that open a new block: the paper's own method, and what follows it."""
    if "method" not in frame:
        return []
    own = ["glalign" in method.lower() for method in frame["method"]]
    return [row for row in range(1, len(own)) if own[row] != own[row - 1]]


def _caption(frame: "pd.DataFrame", spec: TableSpec) -> str:
    title = escape(spec.title.rstrip("."))
    ran = (frame["status"] == "reproduced").any()
    data = f" Data of our runs: {escape(spec.data_note)}." if ran and spec.data_note else ""
    return f"{title}{', extended' if spec.extended else ''}.{data}"


def _notes(frame: "pd.DataFrame", spec: TableSpec) -> list[str]:
    """Sentences below the table that explain its columns."""
    ours = frame[frame["status"] == "reproduced"]
    if not len(ours):
        return ["As printed in the paper; no row was run." if spec.show_paper_values else "No row was run."]
    compared = r"Paper: as printed; Ours: this run; $\Delta$: ours minus paper, from unrounded values; "
    notes = [(compared if spec.show_paper_values else "") + "{--}: not run."]
    if spec.show_paper_values and spec.data_note:
        data = escape(spec.data_note)
        notes.append(f"Our runs use {data}, the paper's real ones: $\\Delta$ measures no reproduction.")
    if "relative_coverage" in frame:
        notes += _coverage_notes(next(iter(ours["denominator"])), next(iter(ours["note"])))
    if "image_backbone" in frame and not spec.extended:
        notes.append("Encoders: as the paper names them; the configuration names those of our runs.")
    if "n_queries" in ours:
        sizes = sorted({(int(q), int(g)) for q, g in zip(ours["n_queries"], ours["n_gallery"], strict=True)})
        shown = "; ".join(f"{q:,} queries, {g:,} gallery images" for q, g in sizes)
        notes.append(f"Ours: {shown}. Equal scores count against the query. Best of ours bold, second underlined.")
    if spec.draws > 1:
        where = "" if spec.extended else "; their spread is in the extended table"
        notes.append(f"Ours are means over {spec.draws} draws of the test set{where}.")
    if spec.extended:
        notes += extended_notes(frame)
    return notes


def extended_notes(frame: "pd.DataFrame") -> list[str]:
    """What the columns of an extended table are."""
    return [EXTENDED, *([DRAWS] if "rank1_sd_of_draws" in frame else [])]


def _coverage_notes(denominator: str, note: str) -> list[str]:
    """What the percentages of Table 2 are shares of. note: of the CSV; it ends with why there is no denominator."""
    reason = escape(note.rpartition("; ")[2])
    coverage = (
        f"Coverage: share of the true phrases (here: {escape(denominator)}) that are found and get their part by the "
        r"printed keyword lists; 95\,\%: Wilson interval."
        if denominator
        else f"Coverage: none, {reason}."
    )
    relative = (
        "Relative coverage: share of the found phrases with a part by the repaired keyword lists to which the printed "
        "ones give the same; a phrase that both miss does not lower it. The paper counts other captions, and does not "
        "say what its totals are."
    )
    return [coverage, relative]

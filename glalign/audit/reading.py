"""Reading of a folder of tables, and of the files of quoted numbers and statements that may lie beside them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from glalign.audit.columns import REMARKS, WHAT_IS_READ, is_result, meanings, plain, quantity_of, rank_of
from glalign.audit.material import Material, Number, Row, TextCell
from glalign.audit.printed import has_decimal_comma, parse, says_nothing
from glalign.audit.statements import STATEMENTS, check_statements
from glalign.storage.csv_files import parse_csv
from glalign.storage.whole_files import read_text
from glalign.storage.yaml_files import read_yaml
from glalign.support.errors import UserError

CITED = re.compile(r"(?P<name>.*\S)\s*\[(?P<cite>\d+)\]")
PREPOSITIONS = (" in", " of", " by", " from")


def files_of(folders: Iterable[Path]) -> list[Path]:
    """The CSV files of folders, by name, each once. Raises: UserError for what is no folder, or has none."""
    files: dict[Path, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; name a folder of CSV tables")
        found = sorted(path for path in folder.iterdir() if path.suffix == ".csv" and path.is_file())
        if not found:
            raise UserError(f"{folder}: no CSV file in it; export every table as a CSV file of its own")
        for path in found:
            files.setdefault(path.resolve(), path)
    return list(files.values())


def read_material(
    files: Sequence[Path | str], *, keywords: Path | str | None = None, queries: Sequence[int] = ()
) -> Material:
    """Read tables and statements.

    Args:
        files: CSV files. Those named as in STATEMENTS are read as such, all others as tables.
        keywords: YAML of language -> region -> words.
        queries: Possible numbers of queries of every test set.

    Raises: UserError naming a file that is not CSV or lacks a column, a cell that does not fit, or the folder of the
    first file if no table has a column of Rank-k.
    """
    statements: dict[str, list[Row]] = {name: [] for name in STATEMENTS}
    numbers: list[Number] = []
    texts: list[TextCell] = []
    unread: list[TextCell] = []
    paths = [Path(path) for path in files]
    names = table_names([path for path in paths if path.stem not in STATEMENTS])
    for path in paths:
        columns = STATEMENTS.get(path.stem, ())
        header, lines = parse_csv(path, read_text(path), columns)
        rows = [row for _, row in lines]
        if columns:
            check_statements(path, lines)
            statements[path.stem] += rows
        else:
            numbers += _numbers(path, names[path], header, rows)
            texts += _texts(path, names[path], header, rows)
            unread += _unread(path, names[path], header, rows)
    if all(number.rank is None for number in numbers):
        folder = Path(files[0]).parent if files else "."
        if unread:
            raise UserError(f"{folder}: no number in its columns of Rank-k but {unread[0].text!r}; write it as 50.25")
        raise UserError(f"{folder}: no readable table in its CSV files; {WHAT_IS_READ}")
    numbers += [_quoted(row) for row in statements["numbers"]]
    texts += [
        TextCell(row["place"], row["subject"], row["attribute"], row["value"]) for row in statements["descriptions"]
    ]
    return Material(
        numbers,
        _on_datasets(texts, {row["scenario"]: row["test"] for row in statements["scenarios"]}),
        {row["scenario"]: row for row in statements["scenarios"]},
        statements["test_sets"],
        statements["relations"],
        statements["paired_tests"],
        statements["references"],
        statements["published"],
        _keywords(keywords) if keywords else {},
        queries,
        unread,
    )


def table_name(path: Path) -> str:
    """What a table is called: `Table 8` for table08.csv, else the file's name."""
    found = re.fullmatch(r"tab(?:le)?[-_ ]*0*(\d+)", path.stem, re.IGNORECASE)
    return f"Table {found[1]}" if found else path.name


def table_names(paths: Sequence[Path]) -> dict[Path, str]:
    """What every table is called: its `table_name`, with its folder before it where several have that name, or its path
    where the folders have one name, too."""
    names = {path: table_name(path) for path in paths}
    ways = {path: (name, f"{path.resolve().parent.name}/{name}") for path, name in names.items()}
    often = Counter(way for several in ways.values() for way in several)
    return {path: next((way for way in several if often[way] == 1), str(path)) for path, several in ways.items()}


def _numbers(path: Path, table: str, header: Sequence[str], rows: Sequence[Row]) -> list[Number]:
    """The numbers of a table: every Rank-k, mAP and mINP, and every column that has nothing but numbers."""
    named = meanings(header)
    found: list[Number] = []
    shares = _are_shares(header, rows)
    for column in header:
        quantity = quantity_of(column)
        if column in named.values() or quantity in REMARKS:
            continue
        cells = [parse(row[column], result=is_result(quantity)) for row in rows]
        if rank_of(quantity) is not None:
            cells = [cell and cell.percent_of_share() for cell in cells] if shares else cells
        elif not is_result(quantity) and any(
            row[column].strip() and cell is None for row, cell in zip(rows, cells, strict=True)
        ):
            continue
        for index, (row, cell) in enumerate(zip(rows, cells, strict=True)):
            if cell is not None:
                label, _ = _label(row, named, header)
                system, place = _system(row, named, label), _place(table, row, named, label)
                scenario, dataset = _cell(row, named, "scenario"), _cell(row, named, "dataset")
                found.append(
                    Number(str(path), place, cell, quantity, system, scenario, dataset, label, index, unit=cell.unit)
                )
    return found


def _are_shares(header: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether all Rank-k of a table are shares between 0 and 1: a system at chance has a Rank-1 below 1 percent."""
    columns = [column for column in header if rank_of(quantity_of(column)) is not None]
    cells = [cell for row in rows for column in columns if (cell := parse(row[column]))]
    percent = any("%" in column for column in columns) or any(cell.unit or cell.value > 1 for cell in cells)
    return not percent and any(cell.places > 1 for cell in cells)


def _unread(path: Path, table: str, header: Sequence[str], rows: Sequence[Row]) -> list[TextCell]:
    """The results that are no number and no dash. Raises: UserError for a decimal comma."""
    named = meanings(header)
    found: list[TextCell] = []
    for column in (column for column in header if is_result(quantity_of(column))):
        for row in rows:
            text = row[column].strip()
            if has_decimal_comma(text):
                raise UserError(f"{path}: {column}: {text!r} has a decimal comma; export the table with points")
            if parse(text) is None and not says_nothing(text):
                label, _ = _label(row, named, header)
                found.append(TextCell(_place(table, row, named, label), label, quantity_of(column), text, str(path)))
    return found


def _texts(path: Path, table: str, header: Sequence[str], rows: Sequence[Row]) -> list[TextCell]:
    """The names in a table and, if it has a Rank-k, its citations and its other texts.

    The subject of a text is `SYSTEM @ SCENARIO`, of a table without scenarios `SYSTEM @ DATASET`.
    """
    named = meanings(header)
    attributes = _attributes(header, rows)
    found: list[TextCell] = []
    for row in rows:
        label, cite = _label(row, named, header)
        place, system = _place(table, row, named, label), _system(row, named, label)
        dataset = _cell(row, named, "dataset")
        scope = _cell(row, named, "scenario") or dataset or table.removesuffix(".csv")
        cells = [(dataset, "name", dataset)]
        if "label" in named:
            cells.append((system, "name", label))
        if cite and attributes is not None:
            cells.append((system, "cite", cite))
        cells += [(f"{system} @ {scope}", quantity_of(column), row[column].strip()) for column in attributes or ()]
        found += [TextCell(place, *cell, file=str(path)) for cell in cells if cell[2]]
    return found


def _attributes(header: Sequence[str], rows: Sequence[Row]) -> list[str] | None:
    """The columns of texts that describe a system; None for a table without a Rank-k."""
    if all(rank_of(quantity_of(column)) is None for column in header):
        return None
    named = meanings(header).values()
    other = [c for c in header if c not in named and quantity_of(c) not in REMARKS and not is_result(quantity_of(c))]
    return [column for column in other if any(row[column].strip() and parse(row[column]) is None for row in rows)]


def _on_datasets(texts: Iterable[TextCell], tested_on: Mapping[str, str]) -> list[TextCell]:
    """Texts about `SYSTEM @ SCENARIO` as texts about `SYSTEM on DATASET`."""
    found = []
    for cell in texts:
        system, separator, scope = cell.subject.partition(" @ ")
        subject = f"{system} on {tested_on.get(scope, scope)}" if separator else cell.subject
        found.append(replace(cell, subject=subject))
    return found


def _cell(row: Row, named: Mapping[str, str], meaning: str) -> str:
    """The cell of the column with a meaning; empty without one."""
    return row[named[meaning]].strip() if meaning in named else ""


def _label(row: Row, named: Mapping[str, str], header: Sequence[str]) -> tuple[str, str]:
    """The name of a row, and the number of its citation. A name such as `Method in [14]` keeps its number."""
    text = row[named.get("label") or named.get("system") or header[0]].strip()
    cite = _cell(row, named, "cite").strip("[]")
    found = CITED.fullmatch(text)
    if found and not found["name"].casefold().endswith(PREPOSITIONS):
        return found["name"], cite or found["cite"]
    return text, cite


def _system(row: Row, named: Mapping[str, str], label: str) -> str:
    if "system" in named:
        return _cell(row, named, "system")
    return plain(label) if "label" in named else ""


def _place(table: str, row: Row, named: Mapping[str, str], label: str) -> str:
    dataset = _cell(row, named, "dataset")
    return ", ".join(text for text in (table, label, dataset if dataset != label else "") if text)


def _quoted(row: Row) -> Number:
    printed = parse(row["value"], result=is_result(row["quantity"]) or row["unit"] == "%")
    assert printed is not None
    of = int(row["of"]) if row["of"] else None
    names = (row["system"], row["scenario"], row["dataset"])
    return Number("numbers", row["place"], printed, row["quantity"], *names, of=of, quoted=True, unit=row["unit"])


def _keywords(path: Path | str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    found: Any = read_yaml(path)
    fits = isinstance(found, Mapping) and all(
        isinstance(regions, Mapping) and all(isinstance(words, list) for words in regions.values())
        for regions in found.values()
    )
    if not fits:
        raise UserError(f"{path}: no keyword lists; write a map of languages to maps of regions to lists of words")
    lists: Mapping[str, Mapping[str, Sequence[str]]] = found
    return lists

"""Nothing that a user writes becomes a command, a line or the end of a comment of LaTeX."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.planning.alpha_stages import AlphaTableSpec
from glalign.planning.plan import STAGES
from glalign.planning.stage import Job
from glalign.reporting.document import document
from glalign.reporting.tex_text import comment, escape, numeral

PLANTED = "PLANTED"
ATTACKS = {
    "lua": r"\directlua{io.open('x','w')}",
    "lua after a line": "demo\n\\directlua{io.open('x','w')}",
    "lua after a carriage return": "demo\r\\directlua{io.open('x','w')}",
    "lua after a next line": "demo\x85\\directlua{io.open('x','w')}",
    "lua after a separator": "demo\u2028\\directlua{io.open('x','w')}\u2029\\directlua{}",
    "input": r"}\input{/etc/passwd}%",
    "write18": r"\immediate\write18{touch x}",
    "as codes": r"^^5cdirectlua{x}~^^M\par",
    "bracket": "[1ex]",
    "star": " *[1ex]",
    "cell": r"a & b \\ \hline",
}
ESCAPES = {rf"\{sign}" for sign in "&%$#_{}"} | {r"\textbackslash", r"\textasciitilde", r"\textasciicircum"}


def jobs() -> Iterator[tuple[str, Job]]:
    """The jobs that write LaTeX, of a plan with a mark in each of its texts and no data: they read no records."""
    bare = planned()
    kinds = ("systems", "datasets")
    overlay = {kind: {name: {"label": PLANTED} for name in getattr(bare.config, kind)} for kind in kinds}
    for entry in overlay["datasets"].values():
        entry |= {"root": None, "synthetic": None}
    plan = planned({"profile": PLANTED, "data_note": PLANTED, "show_paper_values": False, **overlay})
    for stage in ("table", "matrix", "mcnemar", "translation", "systems"):
        for key, job in plan.jobs[stage].items():
            if not re.match("[5-9]|10", key):  # tables like 4
                yield f"{stage} {key}", job
    yield "alpha", Job({}, AlphaTableSpec(scores="", title=PLANTED, profile=PLANTED))


JOBS = dict(jobs())


def tex_of(name: str, job: Job, text: str, folder: Path) -> str:
    """What the job writes with `text` in place of every mark."""
    spec = type(job.spec).model_validate_json(json.dumps(job.spec.to_json()).replace(PLANTED, json.dumps(text)[1:-1]))
    if name.startswith("systems"):
        record = {"parameters": 1, "trained": 1, "buffers": 0, "embedding": 1}
        record |= {"multiply_adds": {"image": 1, "caption": 1, "query": 1}, "stored": {"image": 1, "caption": 1}}
        (folder / "size.json").write_text(json.dumps(record), encoding="utf-8")
        rows = tuple(row.model_copy(update={"size": str(folder / "size.json"), "note": "x"}) for row in spec.rows)
        spec = spec.model_copy(update={"rows": rows})
    if name == "alpha":
        scores = {"system": text, "trainset": text, "persons": [], "rows": []}
        (folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
        spec = spec.model_copy(update={"scores": str(folder / "scores.json")})
    module, _, function = STAGES[name.partition(" ")[0]].function.rpartition(".")
    getattr(importlib.import_module(module), function)(spec, folder / "t.csv", folder / "t.tex")
    return (folder / "t.tex").read_bytes().decode("utf-8")


def lines_of(text: str) -> list[str]:
    """The lines as an engine may split them, without comments."""
    return [re.sub(r"(?<!\\)%.*", "", line) for line in re.split("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]", text)]


def commands(text: str) -> set[str]:
    return set(re.findall(r"\\(?:[A-Za-z@]+|.)", "\n".join(lines_of(text))))


@pytest.mark.parametrize("name", JOBS)
def test_no_text_of_a_user_is_read_as_latex(tmp_path: Path, name: str) -> None:
    harmless = tex_of(name, JOBS[name], PLANTED, tmp_path)
    for attack in ATTACKS.values():
        planted = tex_of(name, JOBS[name], attack, tmp_path)
        assert commands(planted) <= commands(harmless) | ESCAPES
        assert len(lines_of(planted)) == len(lines_of(harmless))
        groups = re.sub(r"\\[{}]", "", "\n".join(lines_of(planted)))
        assert groups.count("{") == groups.count("}")
        assert not re.search(r"\\\\\s*[\[*]", planted)
        assert "^^" not in "\n".join(lines_of(planted))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_document_has_the_same_lines_whatever_its_texts(attack: str) -> None:
    spec = planned().job("document").spec
    harmless, planted = (
        document(spec.model_copy(update={"title": text, "subtitle": text}), Path(f"{text}/t.tex".lstrip("/")))
        for text in (PLANTED, attack)
    )
    assert commands(planted) <= commands(harmless) | ESCAPES
    assert len(lines_of(planted)) == len(lines_of(harmless))


def test_a_row_may_begin_with_what_would_be_an_argument() -> None:
    assert (escape("[8] GNA"), escape(" *"), escape("a [8]")) == ("{}[8] GNA", "{} *", "a [8]")


def test_a_lone_surrogate_can_be_written() -> None:
    assert escape("a\ud800b") == "a b"
    comment("\udcff").encode("utf-8")


def test_the_printed_tables_have_numbers_in_columns_of_numbers() -> None:
    assert [numeral(text) for text in ("", "12", "-1.50", "+3", "1e3", r"1\input{x}")] == [
        "", "12", "-1.50", "+3", "{1e3}", r"{1\textbackslash{}input\{x\}}"
    ]  # fmt: skip

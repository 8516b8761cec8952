"""The page as a file: its cells, its escaping, its policy, what it leaves out, and its bytes."""

import base64
import csv
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from helpers.figures import failure_data, parsing_data, pictures
from helpers.page_results import COSINES, PARTS, PEOPLE, PLANTED, page_results

from glalign.contract.records import Record
from glalign.contract.regions import REGIONS
from glalign.evaluation.ranking import RankRow
from glalign.planning.figure_stages import ExamplesSpec
from glalign.planning.page_stage import PageFigures
from glalign.reporting.figures.examples import make_examples
from glalign.reporting.page.make_page import make_page
from glalign.reporting.page.queries import ABSENT, CAUSES, NOTHING, cause_of
from glalign.reporting.page.results import read_results
from glalign.reporting.plain_table import write_csv
from glalign.support.errors import UserError


class Reader(HTMLParser):
    """scripts: (attributes, text) of each. tables: name -> rows of texts. links, ids: of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts, self.tables, self.links, self.ids, self.names = [], {}, [], [], []
        self._table, self._cell, self._script = None, None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.names.append(tag)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []
        if tag == "script":
            self._script = [known, ""]
            self.scripts.append(self._script)
        elif tag == "table":
            self._table = self.tables.setdefault(known.get("data-table"), [])
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._table[-1].append("")
            self._cell = True

    def handle_endtag(self, tag):
        self._cell = None if tag in ("td", "th") else self._cell
        self._script = None if tag == "script" else self._script

    def handle_data(self, data):
        if self._script is not None:
            self._script[1] += data
        elif self._cell:
            self._table[-1][-1] += data


@pytest.fixture
def spec(tmp_path: Path):
    return page_results(tmp_path / "results")


def made(spec, root: Path) -> str:
    page = root / "results" / "index.html"
    make_page(spec, page)
    return page.read_text(encoding="utf-8")


def data_of(text: str) -> dict:
    return json.loads(Reader(text).scripts[0][1])


def test_the_cells_are_those_of_the_csv(spec, tmp_path: Path) -> None:
    with (tmp_path / "results" / "table4.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    found = Reader(made(spec, tmp_path))
    assert found.tables["table4"] == rows
    assert {"table4.csv", "table4.tex", "#run-glalign-train-seed0"} <= set(found.links)


def test_the_notes_of_the_latex_stand_below_the_table(spec, tmp_path: Path) -> None:
    text = made(spec, tmp_path)
    (found,) = re.findall(r'<p class="note">(In the LaTeX.*?)</p>\n<p class="note">(.*?)</p>', text)
    notes = list(map(unescape, found))
    assert notes == ["In the LaTeX, below the table: Δ: ours minus paper.", f"{{data}} of {PLANTED}."]


def test_every_link_inside_the_page_leads_somewhere(spec, tmp_path: Path) -> None:
    found = Reader(made(spec, tmp_path))
    inside = {link[1:].partition("?")[0] for link in found.links if link.startswith("#")}
    assert inside <= set(found.ids)
    assert len(set(found.ids)) == len(found.ids)
    files = [link for link in found.links if not link.startswith(("#", "data:"))]
    assert all((tmp_path / "results" / link).is_file() for link in files)


def test_what_users_write_never_becomes_markup(spec, tmp_path: Path) -> None:
    text = made(spec, tmp_path)
    found = Reader(text)
    assert [known for known, _ in found.scripts] == [{"type": "application/json", "id": "data"}, {}]
    assert PLANTED not in text
    data = data_of(text)
    assert data["testsets"]["t"]["queries"][0][3] == f"áo đỏ 0 {PLANTED}"
    assert data["results"]["glalign/train/seed0/t"]["label"] == f"GLAlign {PLANTED}"


def test_the_policy_allows_its_own_script_and_style_alone(spec, tmp_path: Path) -> None:
    text = made(spec, tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; img-src data:;")
    for part in (re.search(r"<style>(.*?)</style>", text, re.S)[1], Reader(text).scripts[1][1]):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://|\son\w+=|\sstyle=", text.replace(data_text(text), ""))


def data_text(text: str) -> str:
    return Reader(text).scripts[0][1]


def test_the_same_results_give_the_same_bytes(spec, tmp_path: Path) -> None:
    assert made(spec, tmp_path) == made(spec, tmp_path)


def test_without_any_result_the_page_says_what_makes_them(spec, tmp_path: Path) -> None:
    page = tmp_path / "empty" / "index.html"
    nothing = spec.model_copy(
        update={
            "times": str(tmp_path / "none"),
            "tables": tuple(one.model_copy(update={"csv": f"none/{one.name}.csv"}) for one in spec.tables),
            "runs": tuple(
                run.model_copy(
                    update={"record": f"none/{run.system}", "results": tuple(
                        one.model_copy(update={"ranks": "none/t.jsonl"}) for one in run.results
                    )}
                )
                for run in spec.runs
            ),
        }
    )  # fmt: skip
    make_page(nothing, page)
    text = page.read_text(encoding="utf-8")
    assert "snakemake --cores 1 none/table4.csv" in text
    assert "0 of 3 planned cells have a result" in text
    assert data_of(text)["results"] == {}


def test_captions_and_images_of_released_data_are_left_out_unless_permitted(tmp_path: Path) -> None:
    hidden = made(page_results(tmp_path / "results", images=None, phrases=""), tmp_path)
    data = data_of(hidden)
    assert not data["testsets"]["t"]["visible"]
    assert {query[3] for query in data["testsets"]["t"]["queries"]} == {""}
    assert "red shirt" not in hidden
    assert "áo đỏ" not in hidden
    assert "image/webp" not in hidden
    assert "page.permitted" in hidden
    assert data["results"]["irra/train/seed0/t"]["codes"]


def test_codes_are_the_ranks_and_the_first_images(spec, tmp_path: Path) -> None:
    data = data_of(made(spec, tmp_path))
    codes = base64.b64decode(data["results"]["irra/train/seed0/t"]["codes"])
    numbers = [int.from_bytes(codes[at : at + 2], "little") for at in range(0, len(codes), 2)]
    lines = (tmp_path / "results/ranks/irra/train/seed0/t.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 2 * PEOPLE
    gallery = [image for image, *_ in data["testsets"]["t"]["gallery"]]
    for place, row in enumerate(rows):
        first, _, *top = numbers[12 * place : 12 * place + 12]
        assert first == row["first"]
        assert [gallery[one] for one in top if one != NOTHING] == [image for image, _ in row["top"][:10]]


def hard_of(spec, root: Path, **changes: str) -> tuple[list[str], list[set[str]]]:
    """The nuisances that are known of the test set, and those of each query, with changes to the test set."""
    (testset,) = spec.testsets
    data = data_of(made(spec.model_copy(update={"testsets": (testset.model_copy(update=changes),)}), root))
    queries = data["testsets"]["t"]["queries"]
    named = [{name for n, name in enumerate(data["hard"]) if query[5] >> n & 1} for query in queries]
    return [data["hard"][number] for number in data["testsets"]["t"]["hard"]], named


def test_what_makes_a_query_hard_is_the_hardest_level_of_a_nuisance(spec, tmp_path: Path) -> None:
    known, named = hard_of(spec, tmp_path)
    assert known == ["Ambiguous caption", "Poor light", "Partial occlusion", "Translation error"]  # all are as sharp
    for person in range(PEOPLE):
        image = {"Poor light"} if person < PEOPLE / 3 else set()
        image |= {"Partial occlusion"} if person % 2 else set()
        first = image | {"Ambiguous caption"} | ({"Translation error"} if person < 3 else set())
        assert named[2 * person : 2 * person + 2] == [first, image]
    assert hard_of(spec, tmp_path, translation="")[0] == known[:3]


@pytest.mark.parametrize("name", ["truth", "translation"])
def test_without_its_files_it_is_not_known_what_makes_a_query_hard(spec, tmp_path: Path, name: str) -> None:
    nothing = ([], 2 * PEOPLE * [set()])
    assert hard_of(spec, tmp_path, truth="") == nothing
    (tmp_path / "results" / f"{name}.json").unlink()
    assert hard_of(spec, tmp_path) == nothing


def test_ranks_older_than_the_data_are_shown_without_what_makes_a_query_hard(spec, tmp_path: Path) -> None:
    manifest, truth = tmp_path / "results" / "manifest.jsonl", tmp_path / "results" / "truth.json"
    manifest.write_text("".join(manifest.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
    known = json.loads(truth.read_text(encoding="utf-8"))
    truth.write_text(json.dumps({image: one for image, one in known.items() if image != "p00.png"}), encoding="utf-8")
    assert hard_of(spec, tmp_path)[0] == []


def test_a_table_leads_to_the_findings_on_the_printed_one(spec, tmp_path: Path) -> None:
    text = made(spec, tmp_path)
    assert "of the audit" not in text
    places = ["Table 4, IRRA", "Table 40, IRRA", "Section 4.3, SE1", "Table 3; Table 4 (as printed)"]
    write_csv([{"severity": "note", "place": place} for place in places], tmp_path / "results" / "audit.csv")
    text = unescape(made(spec, tmp_path))
    link = """<a href="#table-audit" data-rows="place: "Table 4"">2 findings of the audit</a>"""
    assert text.count(link) == 2  # of table4 and table4_extended
    write_csv([{"severity": "note", "place": "Table 4, IRRA"}], tmp_path / "results" / "audit.csv")
    assert "1 finding of the audit<" in made(spec, tmp_path)


def test_cosines_are_hundredths_of_the_first_images(spec, tmp_path: Path) -> None:
    data = data_of(made(spec, tmp_path))
    for system, lines in COSINES.items():
        result = data["results"][f"{system}/train/seed0/t"]
        assert [REGIONS[number] for number in result["parts"]] == list(PARTS)
        numbers = [byte - 256 if byte > 127 else byte for byte in base64.b64decode(result["cosines"])]
        assert len(numbers) == 2 * PEOPLE * data["top"] * len(PARTS)
        expected = [ABSENT if one is None else round(100 * one) for line in lines for one in line]
        assert numbers == 2 * PEOPLE * expected
    assert data["absent"] == ABSENT
    assert {"parts", "cosines"}.isdisjoint(data["results"]["oracle/train/seed0/t"])


@pytest.mark.parametrize(
    ("hits", "best", "unclear", "unmapped", "cause"),
    [
        ((1, 4), (1, 3), True, True, "hit"),
        ((2,), (1,), True, True, "tie"),
        ((2,), (2,), True, True, "unclear"),
        ((2,), (2,), False, True, "unmapped"),
        ((10,), (2,), False, False, "near"),
        ((11,), (2,), False, False, "far"),
    ],
)
def test_the_first_cause_that_holds_counts(hits, best, unclear, unmapped, cause) -> None:
    assert CAUSES[cause_of(RankRow("a#0", 1, hits, best), unclear, unmapped)][0] == cause


def test_the_answer_counts_verdicts_and_names_the_best(spec, tmp_path: Path) -> None:
    verdicts = [("C1", "open"), ("C1", "supported"), ("C2", "open"), ("C3", "supported"), ("C4", "contradicted")]
    about = [(claim, f"{verdict} on synthetic people", f"What {claim} says.") for claim, verdict in verdicts]
    rows = [dict(zip(("claim", "verdict", "text"), one, strict=True)) for one in about]
    write_csv(rows, tmp_path / "results" / "claims.csv")
    text = made(spec, tmp_path)
    lines = ["1 supported on synthetic people: C3", "1 contradicted on synthetic people: C4"]
    places = [text.index(line) for line in (*lines, "2 open on synthetic people: C1, C2")]
    assert places == sorted(places)
    assert text.count("<strong>C1: open on synthetic people.</strong> What C1 says.") == 1
    assert 'href="#table-claims" data-rows="verdict: contradicted on synthetic people"' in text
    assert "supported: the effect lies inside of what is asserted" in text
    assert re.search(r"SE1 IRRA \d", text)
    assert re.search(r"IRRA and GLAlign .* points apart", text)


def test_the_papers_system_is_compared_with_the_best_where_it_is_not_one_of_two(spec, tmp_path: Path) -> None:
    apart = re.compile(r"SE1 IRRA and Oracle lie .*; IRRA and GLAlign .* lie 33\.3 points apart")
    assert not apart.search(made(spec, tmp_path))
    (one,) = spec.scenarios
    cells = tuple(cell.model_copy(update={"competes": True}) for cell in one.cells)
    text = made(spec.model_copy(update={"scenarios": (one.model_copy(update={"cells": cells}),)}), tmp_path)
    assert apart.search(text)


def test_a_scenario_says_where_the_papers_system_lies_below_one_without_training(spec, tmp_path: Path) -> None:
    below = re.compile(r"GLAlign .* lies below IRRA, by \d+\.\d points \(.*\); the latter took no step of training")
    assert not below.search(made(spec, tmp_path))
    record = tmp_path / "results/ranks/irra/train/seed0/run.json"
    changed = json.loads(record.read_text(encoding="utf-8"))
    changed["steps"] = 0
    record.write_text(json.dumps(changed), encoding="utf-8")
    text = made(spec, tmp_path)
    assert len(below.findall(text)) == 1
    assert re.search(r"GLAlign .* lies below IRRA, without training, in SE1", text)
    worse = tuple(one.model_copy(update={"label": one.system}) for one in spec.runs)
    assert "lies below" not in made(spec.model_copy(update={"runs": worse, "own": "irra"}), tmp_path)


def test_what_n_counts_is_said_where_a_test_set_is_drawn_several_times(spec, tmp_path: Path, monkeypatch) -> None:
    def drawn_twice(runs):
        found = read_results(runs)
        summary = {key: one.summary.model_copy(update={"galleries": (PEOPLE, PEOPLE)}) for key, one in found.items()}
        return {key: replace(one, summary=summary[key]) for key, one in found.items()}

    said = f"n of SE1 counts 2 draws of about {PEOPLE} queries each"
    assert said not in made(spec, tmp_path)
    monkeypatch.setattr("glalign.reporting.page.make_page.read_results", drawn_twice)
    text = made(spec, tmp_path)
    assert text.count(said) == 3  # in the scenario and above its two tables; claims were not made
    assert f"queries <b>{2 * PEOPLE} in 2 draws</b>" in text


def test_characters_that_turn_a_text_around_are_shown_and_count_as_one(spec, tmp_path: Path) -> None:
    manifest = tmp_path / "results" / "manifest.jsonl"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("áo đỏ", "áo\u202eđỏ"), encoding="utf-8")
    write_csv([{"claim": "C\u2067", "verdict": "open", "text": "\u202a"}], tmp_path / "results" / "claims.csv")
    text = made(spec.model_copy(update={"data_note": "a \u2069 note"}), tmp_path)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    assert data_of(text)["testsets"]["t"]["queries"][0][3].startswith("áo\ufffdđỏ")
    assert Reader(text).tables["claims"][1] == ["C\ufffd", "open", "\ufffd"]


def test_a_damaged_file_is_named(spec, tmp_path: Path) -> None:
    (tmp_path / "results" / "imgs" / "p03.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"p03\.png: cannot be shown on the page"):
        made(spec, tmp_path)


def test_the_page_shows_the_figures_and_of_hidden_data_only_names(tmp_path: Path) -> None:
    caption = f"a cap {PLANTED}"
    phrases = {("p/0.jpg", 0): [{"text": "cap", "start": 2, "end": 5, "region": "HEAD"}]}
    queries = [*({} for _ in range(11)), {"full": 2, "causes": ["occlusion"]}]
    pictures(tmp_path, [f"p/{number}.jpg" for number in range(12)])
    spec = page_results(tmp_path / "results")
    files = {"parsing": str(tmp_path / "figure2.json"), "failures": str(tmp_path / "figure3.json")}
    folders = {"images": {"d": str(tmp_path / "imgs")}, "parts": {"d": str(tmp_path / "parts")}}
    spec = spec.model_copy(update={"figures": PageFigures(**files, **folders, dress="both")})
    assert "Not made yet" in made(spec, tmp_path).partition('id="figures"')[2]
    for shown in (False, True):
        parsing = parsing_data(tmp_path, [Record("p/0.jpg", 1, "test", (caption,))], phrases, shown=shown)
        failures = failure_data(tmp_path, queries, "occlusion", shown=shown)
        examples = ExamplesSpec(parsing=(parsing,), failures=(failures,), data_note="synthetic people")
        make_examples(examples, tmp_path / "figure2.json", tmp_path / "figure3.json")
        part = made(spec, tmp_path).partition('id="figures"')[2].partition("</section>")[0]
        assert PLANTED not in part
        assert ("<u>cap</u><small" in part, "Một người" in part) == (shown, shown)
        assert part.count("<img class") == (2 + 1 + 6 if shown else 0)
        assert (part.count(": hit"), part.count(": miss")) == (2, 4)
        assert ("does not name d" in part) is not shown
    other = spec.model_copy(update={"figures": PageFigures(**files, images={}, parts={}, dress="both")})
    with pytest.raises(UserError, match=r"figure2\.json or .*figure3\.json: dataset 'd'; known are"):
        made(other, tmp_path)

"""The page in a browser: nothing is loaded and nothing goes wrong, and its tables, links, queries and theme work."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from helpers.browser import PRESENT, Browser, browser
from helpers.page_results import PEOPLE, PLANTED, page_results

from glalign.reporting.page.make_page import TEMPLATES, make_page
from glalign.reporting.plain_table import write_csv

pytestmark = pytest.mark.skipif(not PRESENT, reason="needs chromium and chromedriver")

HIDDEN = (
    "return [...document.querySelectorAll(arguments[0])].filter((one) => !one.hidden).map((one) => one.textContent)"
)
FIRST = HIDDEN.replace("textContent", "cells[0].textContent")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page") / "results"
    spec = page_results(root)
    claims = {"C1": ("open", "one"), "C2": ("contradicted", "two"), "C3": ("supported", "It is not contradicted.")}
    rows = [{"claim": name, "verdict": verdict, "text": text} for name, (verdict, text) in claims.items()]
    write_csv(rows, root / "claims.csv")
    places = [
        "Table 4, IRRA (as printed)",
        "Table 40, IRRA",
        "Table 3; Table 4, IRRA",
        "Bảng 4",
        "ba\u0309ng irra_local",
    ]
    write_csv([{"place": place, "severity": "note"} for place in places], root / "audit.csv")
    make_page(spec, root / "index.html")
    return root / "index.html"


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def choose(window: Browser, name: str, value: str) -> None:
    window.run(
        "const node = document.getElementById(arguments[0]); node.value = arguments[1];"
        "node.dispatchEvent(new Event(node.tagName === 'SELECT' ? 'change' : 'input'));",
        name,
        value,
    )


def hard_options(window: Browser) -> list:
    """The value of the list of nuisances, and those that can be chosen."""
    options = "[...document.getElementById('q-hard').options].filter((one) => !one.disabled).map((one) => one.value)"
    return window.run(f"return [document.getElementById('q-hard').value, {options}]")


def column(window: Browser, place: int) -> list[str]:
    return window.run(HIDDEN, f"[data-table=table4] tbody tr td:nth-child({place})")


def test_nothing_is_asked_of_the_network_and_nothing_goes_wrong(window: Browser, page: Path) -> None:
    window.open(page)
    window.requests(), window.log("browser")
    window.open(page)
    asked = [address for address in window.requests() if not address.startswith(("data:", "about:"))]
    assert asked == [page.as_uri()]
    assert window.log("browser") == []
    assert window.run("return document.title") == "Text-based person search: results (demo)"


BLOCKED = """
return new Promise((done) => {
  const found = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    found.push(event.effectiveDirective);
    if (found.length === 3) done([found.sort(), window.planted === undefined]);
  });
  const node = document.createElement("script");
  node.textContent = "window.planted = 1";
  document.body.append(node);
  new Image().src = "http://127.0.0.1:9/x.png";
  fetch("http://127.0.0.1:9/").catch(() => null);
})"""


def test_the_policy_refuses_other_scripts_images_and_requests(window: Browser, page: Path) -> None:
    window.open(page)
    assert window.run(BLOCKED) == [["connect-src", "img-src", "script-src-elem"], True]
    window.log("browser")


def test_a_click_on_a_head_sorts_numbers_as_numbers(window: Browser, page: Path) -> None:
    window.open(page, "table-table4")
    press = "document.querySelector('[data-table=table4] th:nth-child(3) button').click()"
    window.run(press)
    up = [float(cell) for cell in column(window, 3)]
    window.run(press)
    down = [float(cell) for cell in column(window, 3)]
    assert up == sorted(up)
    assert down == up[::-1]
    assert len(set(up)) > 1
    assert window.run("return document.querySelector('[data-table=table4] th:nth-child(3)').ariaSort") == "descending"
    # Empty cells come last, whatever the order.
    window.run("document.querySelector('[data-table=table4] th:nth-child(2) button').click()")
    assert column(window, 2) == ["80.75", "", ""]


def test_a_filter_keeps_the_rows_with_a_text(window: Browser, page: Path) -> None:
    window.open(page, "table-table4")
    window.run("const node = document.querySelector('[data-filter=\"table-table4\"]'); node.value = 'irra';"
               "node.dispatchEvent(new Event('input'))")  # fmt: skip
    assert window.run(FIRST, "[data-table=table4] tbody tr") == ["IRRA"]


def test_a_filter_by_a_column_is_part_of_the_address(window: Browser, page: Path) -> None:
    for rows, found in (("method%3A+irra", ["IRRA"]), ("status%3A+irra", []), ("no-column%3A+irra", [])):
        window.open(page, f"table-table4?rows={rows}")
        assert window.run(FIRST, "[data-table=table4] tbody tr") == found
    window.run("const node = document.querySelector('[data-filter=\"table-table4\"]'); node.value = 'method: oracle';"
               "node.dispatchEvent(new Event('input'))")  # fmt: skip
    assert window.run(FIRST, "[data-table=table4] tbody tr") == ["Oracle"]
    address = window.run("return location.hash")
    window.open(page, address[1:])
    assert window.run(FIRST, "[data-table=table4] tbody tr") == ["Oracle"]


def test_a_line_of_the_answer_leads_to_its_rows(window: Browser, page: Path) -> None:
    window.open(page)
    window.run("document.querySelector('[data-rows=\"verdict: contradicted\"]').click()")
    shown = "return new Promise((done) => setTimeout(() => done([...document.querySelectorAll(arguments[0])]"
    rows = window.run(f"{shown}.filter((one) => !one.hidden).map((one) => one.cells[0].textContent)), 100))",
                      "[data-table=claims] tbody tr")  # fmt: skip
    assert rows == ["C2"]
    assert window.run("return document.getElementById('table-claims').open")


def test_in_quotes_a_filter_is_of_whole_words(window: Browser, page: Path) -> None:
    found = {"place: table 4": 3, 'place: "table 4"': 2, '"irra (as"': 1, '"ng 4"': 0, '"bảng 4"': 1, ' "table 4" ': 2}
    found |= {"“table 4”": 2, '"table 4': 3, '"irra"': 3, '"irra_local"': 1, '"ba"': 0, '"(as printed)"': 1, '"': 5}
    for rows, count in found.items():
        window.open(page, f"table-audit?{urlencode({'rows': rows})}")
        assert len(window.run(FIRST, "[data-table=audit] tbody tr")) == count, rows
    window.open(page)
    link = "document.querySelector('#table-table4 a[data-rows]')"
    assert window.run(f"return {link}.textContent") == "2 findings of the audit"
    window.open(page, window.run(f"return {link}.href").rpartition("#")[2])
    assert len(window.run(FIRST, "[data-table=audit] tbody tr")) == 2


TURNED = ("\u202e", "\u2067", "\u202b\u2066", "\u05d0")
"""What shows other texts from right to left: an override, isolates and an embedding that do not end, a letter."""

LEFTS = """
const line = [...document.querySelector(arguments[0]).childNodes].filter((one) => one.textContent);
return line.map((one) => { const range = document.createRange(); range.selectNode(one);
  const box = range.getBoundingClientRect(); return [Math.round(box.left), Math.round(box.top)]; });"""


@pytest.mark.parametrize("turned", TURNED)
def test_characters_that_turn_a_text_around_turn_nothing_beside_it(
    window: Browser, tmp_path: Path, turned: str
) -> None:
    spec = page_results(tmp_path)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("áo đỏ", f"á{turned:>3}đ"), encoding="utf-8")
    runs = tuple(one.model_copy(update={"label": f"{turned}{one.system}"}) for one in spec.runs)
    write_csv([{"claim": f"C{turned}1", "verdict": "open", "text": "b"}], tmp_path / "claims.csv")
    make_page(spec.model_copy(update={"runs": runs}), tmp_path / "index.html")
    window.resize(1280, 800)
    window.open(tmp_path / "index.html", "queries?scenario=SE1&hit=miss&region=1")
    for parts in (".caption", "#q-list .sides p", "[data-table=claims] tbody tr"):
        window.run("for (const node of document.querySelectorAll('details')) node.open = true")
        places = window.run(LEFTS, parts)
        assert len(places) > 2
        assert len({top for _, top in places}) <= 2, "parts of one line"
        lefts = [left for left, _ in places]
        assert lefts == sorted(lefts), parts


def test_a_link_opens_what_it_names(window: Browser, page: Path) -> None:
    window.open(page, "run-irra-train-seed0")
    assert window.run("return document.getElementById('run-irra-train-seed0').open")
    assert not window.run("return document.getElementById('run-glalign-train-seed0').open")
    window.run("document.querySelector('[data-table=table4] a').click()")
    assert window.run("return new Promise((done) => setTimeout(() => done(location.hash), 100))").startswith("#run-")


def test_queries_are_searched_compared_and_linked(window: Browser, page: Path) -> None:
    window.open(page, "queries?scenario=SE1&a=glalign/train/seed0/t&b=irra/train/seed0/t&hit=miss")
    missed = window.run("return document.getElementById('q-count').textContent")
    assert re.fullmatch(rf"[1-9]\d* of {2 * PEOPLE} queries", missed)
    sides = window.run(
        "return [...document.querySelectorAll('#q-list > li')].map((one) => one.querySelectorAll('.strip').length)"
    )
    assert set(sides) == {2}
    assert window.run("return document.querySelector('.caption').lang") == "vi"
    choose(window, "q-hit", "")
    choose(window, "q-region", "0")
    assert window.run("return document.getElementById('q-count').textContent").startswith("0 of")
    choose(window, "q-region", "1")
    assert window.run("return document.getElementById('q-count').textContent").startswith(f"{PEOPLE} of")
    assert PLANTED in window.run("return document.querySelector('.caption').textContent")
    assert hard_options(window) == ["", ["", "0", "1", "2", "3"]]  # all are as sharp: blur is not known
    choose(window, "q-hard", "1")
    assert window.run("return document.getElementById('q-count').textContent").startswith(f"{PEOPLE // 3} of")
    assert "words; ambiguous caption; poor light" in window.run(
        "return document.querySelector('#q-list .quiet:not(span)').textContent"
    )
    for value, shown in (("3", "3"), ("99", ""), ("4", "")):
        window.open(page, f"queries?scenario=SE1&a=glalign/train/seed0/t&hard={value}")
        assert hard_options(window)[0] == shown
        count = window.run("return document.getElementById('q-count').textContent")
        assert count.startswith("3 of" if shown else f"{2 * PEOPLE} of")
        choose(window, "q-scenario", "SE1")
        assert hard_options(window)[0] == shown
    window.open(page, "queries?scenario=SE1&a=glalign/train/seed0/t&b=irra/train/seed0/t")
    choose(window, "q-text", "person 3")
    choose(window, "q-region", "")
    assert window.run("return document.getElementById('q-count').textContent").startswith("1 of")
    address = window.run("return location.hash")
    before = window.run("return document.getElementById('q-list').textContent")
    window.open(page, address[1:])
    assert window.run("return document.getElementById('q-list').textContent") == before
    image = "getComputedStyle(one).backgroundImage.slice(0, 16)"
    pictures = window.run(f"return [...document.querySelectorAll('.strip .tile')].map((one) => {image})")
    assert set(pictures) == {'url("data:image/'}


def test_regions_phrases_and_cosines_stand_below_the_images_of_both_systems(window: Browser, page: Path) -> None:
    window.open(page, "queries?scenario=SE1&a=glalign/train/seed0/t&b=irra/train/seed0/t&region=1")
    tables = "document.querySelector('#q-list > li').querySelectorAll('details table')"
    lines = "[...one.rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    own, other = window.run(f"return [...{tables}].map((one) => {lines})")
    assert own[0] == ["image", "UPPERBODYáo đỏ"]
    assert [row[0].removeprefix("✓ ") for row in own[1:]] == [str(rank) for rank in range(1, 11)]
    assert sum(row[0].startswith("✓ ") for row in own) == 1
    assert [row[1:] for row in own[1:]] == [["0.31"]] * 10
    assert other[0] == ["image", "HEAD", "UPPERBODYáo đỏ"]
    assert [row[1:] for row in other[1:]] == [["-0.50", "0.01"], ["not shown", "0.01"]] * 5
    absent = (
        "return [...document.querySelectorAll('#q-list > li:first-child details li')].map((one) => one.textContent)"
    )
    said = ["HEAD: no cosine, the caption does not name it", "SHOES: no cosine, the caption does not name it"]
    assert window.run(absent) == [*said, said[1]]
    assert window.run(f"return {tables}[0].querySelector('bdi').lang") == "vi"
    window.open(page, "queries?scenario=SE1&a=oracle/train/seed0/t")
    assert window.run("return document.querySelectorAll('#q-list details').length") == 0


def test_the_theme_follows_the_system_until_it_is_chosen(window: Browser, page: Path) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    colours = {}
    for scheme in ("light", "dark"):
        window.scheme(scheme)
        window.open(page)
        colours[scheme] = window.run(background)
    assert colours["light"] != colours["dark"]
    window.run("document.getElementById('theme').click()")
    assert window.run(background) == colours["light"]
    window.open(page)
    assert window.run(background) == colours["light"]
    window.run("document.getElementById('theme').click()")
    assert window.run(background) == colours["dark"]
    window.run("document.getElementById('theme').click()")


LATER = "return new Promise((done) => setTimeout(() => done((() => { SCRIPT })()), 100))"
"""What a script returns once what a link opens has been drawn."""


def test_a_narrow_screen_shows_names_and_rank_1_first(window: Browser, page: Path) -> None:
    boxes = (
        "const box = (one) => { const found = one.getBoundingClientRect(); return [found.left, found.right]; };"
        "const heads = [...document.querySelectorAll('[data-table=table4] th')];"
        "const rank1 = heads.find((one) => one.textContent === 'rank1');"
        "return [heads[0], document.querySelector('[data-table=table4] td'), rank1].map(box)"
    )
    hidden = (
        "const [names, ...heads] = document.querySelectorAll('[data-table=table4] th');"
        "const left = (one) => one.firstChild.getBoundingClientRect().left, edge = names.getBoundingClientRect().right;"
        "return heads.reverse().filter((one) => { one.firstChild.focus(); return left(one) < edge - 1; }).length"
    )
    try:
        window.resize(300, 800)
        window.open(page, "table-table4")
        head, name, rank1 = window.run(LATER.replace("SCRIPT", boxes))
        assert 0 <= head[0] < head[1] <= rank1[0] + 1 < rank1[1] <= 300
        assert name == head
        assert window.run(hidden) == 0
    finally:
        window.resize(1280, 800)


def test_a_table_whose_first_column_does_not_name_its_rows_opens_at_its_start(window: Browser, tmp_path: Path) -> None:
    spec, root = page_results(tmp_path / "results"), tmp_path / "results"
    rates = {"rank1": "1", "rank1_lo": "0", "rank1_hi": "2"}
    write_csv([{"method": "GLAlign", "about": 60 * "x", **rates, "status": name} for name in "ab"], root / "table4.csv")
    make_page(spec, root / "index.html")
    at = "return document.querySelector('[data-table=table4]').parentElement.scrollLeft"
    try:
        window.resize(300, 800)
        window.open(root / "index.html", "table-table4")
        assert window.run(LATER.replace("SCRIPT", at)) == 0
    finally:
        window.resize(1280, 800)


def test_columns_break_at_their_underscores(window: Browser, page: Path) -> None:
    window.open(page, "table-table4")
    wide = "[...document.querySelectorAll('[data-table=table4] th')].filter((one) => one.textContent.includes('_'))"
    breaks = window.run(f"return {wide}.map((one) => one.querySelectorAll('button wbr').length)")
    assert breaks == window.run(f"return {wide}.map((one) => one.textContent.split('_').length - 1)") != []


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_it_fits_the_width_of_the_screen(window: Browser, page: Path, width: int) -> None:
    window.resize(width, 800)
    window.open(page, "queries")
    window.run("for (const node of document.querySelectorAll('details')) node.open = true")
    assert window.run("return document.documentElement.scrollWidth") == width


def drawn(window: Browser, awaited: str) -> dict[str, list[float]]:
    """Text -> (left, top, width, height) of every text that is laid out, once `awaited` is, or after 30 seconds.

    Without scripts the driver cannot see that a page is loaded, so it does not wait for it.
    """
    end, found = time.monotonic() + 30, dict[str, list[float]]()
    while awaited not in found and time.monotonic() < end:
        tree = window.devtools("DOMSnapshot.captureSnapshot", computedStyles=[])
        layout = tree["documents"][0]["layout"]
        texts = [tree["strings"][at].strip() if at >= 0 else "" for at in layout["text"]]
        found = dict(zip(texts, layout["bounds"], strict=True))
    return found


def test_without_scripts_tables_open_and_the_queries_say_what_they_need(window: Browser, page: Path) -> None:
    window.resize(1280, 6000)
    window.devtools("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(page)
        before = drawn(window, "This file loads nothing. Links lead to files beside it.")
        left, top, *_ = before["table4"]
        for kind in ("mousePressed", "mouseReleased"):
            at = {"x": left + 5, "y": top + 5, "button": "left", "clickCount": 1}
            window.devtools("Input.dispatchMouseEvent", type=kind, **at)
        after = drawn(window, "status")
    finally:
        window.devtools("Emulation.setScriptExecutionDisabled", value=False)
    assert "status" not in before
    assert "status" in after
    assert any("needs JavaScript" in text for text in before)
    assert not any("Theme" in text for text in before)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    values = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_texts_and_marks_stand_out_from_every_background(scheme: int) -> None:
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--(\w+): light-dark\(#(\w+), #(\w+)\)", style)
    colours = {name: luminance(pair[scheme]) for name, *pair in pairs}
    for name in ("text", "quiet", "link", "ours", "paper", "hit", "miss", "line0", "line1", "line2", "line3"):
        for back in ("back", "card", "warn") if name == "text" else ("back", "card"):
            low, high = sorted((colours[name], colours[back]))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (name, back)

"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const byId = (id) => document.getElementById(id);
  const make = (name, text, kind) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (kind) node.className = kind;
    return node;
  };

  // Theme: as the system, light, dark. A browser may refuse to keep the choice.
  const themes = ["as the system", "light", "dark"];
  const kept = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("theme", value); } catch { /* refused */ } } };
  let theme = Math.max(0, themes.indexOf(kept.get()));
  const showTheme = () => {
    if (theme) root.dataset.theme = themes[theme]; else delete root.dataset.theme;
    byId("theme").textContent = `Theme: ${themes[theme]}`;
  };
  byId("theme").addEventListener("click", () => { theme = (theme + 1) % 3; kept.set(themes[theme]); showTheme(); });
  showTheme();

  // Tables: sort by a column, empty cells last; keep the rows that contain a text.
  const value = (row, place) => row.cells[place].textContent;
  const sortBy = (table, head) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const number = head.classList.contains("number"), place = head.cellIndex;
    const order = (a, b) => {
      const x = value(a, place), y = value(b, place);
      if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1);
      const found = number ? x - y : x.localeCompare(y, undefined, { numeric: true });
      return up ? found : -found;
    };
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
  };
  for (const table of document.querySelectorAll("table.cells")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = make("button");
      button.append(...head.childNodes);
      button.type = "button";
      button.addEventListener("click", () => sortBy(table, head));
      button.addEventListener("focus", () => button.scrollIntoView({ block: "nearest", inline: "nearest" }));
      head.replaceChildren(button);
    }
    // Where a screen is too narrow, a table whose first column names its rows opens at its Rank-1.
    const [names, ...heads] = table.tHead.rows[0].cells, rank1 = heads.find((head) => head.textContent === "rank1");
    const rows = [...table.tBodies[0].rows], named = new Set(rows.map((row) => value(row, 0))).size === rows.length;
    const edge = (node, name) => node.getBoundingClientRect()[name];
    table.closest("details").addEventListener("toggle", () => {
      const scroll = table.parentElement;
      scroll.style.scrollPaddingLeft = `${names.offsetWidth}px`;
      if (named && rank1 && edge(rank1, "right") > edge(scroll, "right")) scroll.scrollLeft = edge(rank1, "left") - edge(names, "right");
    }, { once: true });
  }
  // `column: text` looks into that column alone; in quotes a text stands for whole words. The filter is part of the address: `#table-audit?rows=severity: note`.
  const keep = (input) => {
    const table = byId(input.dataset.filter).querySelector("table.cells"), [name, ...rest] = input.value.split(":");
    const place = rest.length ? [...table.tHead.rows[0].cells].findIndex((head) => head.textContent === name.trim()) : -1;
    const typed = (place < 0 ? input.value : rest.join(":")).trim().toLowerCase(), [, words] = typed.match(/^["“”](.+)["“”]$/) || [];
    const wanted = typed.replace(/^["“”]/, ""), letter = "[\\p{L}\\p{M}\\p{N}_]";
    const whole = words && new RegExp(`(?<!${letter})${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!${letter})`, "u");
    for (const row of table.tBodies[0].rows) {
      const text = (place < 0 ? [...row.cells].map((cell) => cell.textContent).join("\n") : value(row, place)).toLowerCase();
      row.hidden = !(whole ? whole.test(text) : text.includes(wanted));
    }
  };
  const filters = new Map([...document.querySelectorAll("[data-filter]")].map((input) => [input.dataset.filter, input]));
  const address = (place, rows) => `#${place}${rows ? `?${new URLSearchParams({ rows })}` : ""}`;
  for (const [place, input] of filters) {
    input.addEventListener("input", () => { keep(input); history.replaceState(null, "", address(place, input.value)); });
  }
  for (const link of document.querySelectorAll("[data-rows]")) {
    link.href = address(link.getAttribute("href").slice(1), link.dataset.rows);
  }

  // Queries. Codes: per query the rank, the number of the cause, and the first images, as 16-bit numbers.
  const data = JSON.parse(byId("data").textContent);
  const keys = Object.keys(data.results);
  const width = 2 + data.top, page = 20;
  const decoded = new Map();
  const codes = (key) => {
    if (!decoded.has(key)) {
      const bytes = Uint8Array.from(atob(data.results[key].codes), (letter) => letter.charCodeAt(0));
      const view = new DataView(bytes.buffer), numbers = new Uint16Array(bytes.length / 2);
      numbers.forEach((_, n) => { numbers[n] = view.getUint16(2 * n, true); });
      decoded.set(key, numbers);
    }
    return decoded.get(key);
  };
  // Cosines: per query and image those of the parts, in hundredths, as 8-bit numbers.
  const measured = new Map();
  const cosinesOf = (key) => {
    if (!measured.has(key)) measured.set(key, Int8Array.from(atob(data.results[key].cosines), (letter) => letter.charCodeAt(0)));
    return measured.get(key);
  };
  const field = Object.fromEntries(["scenario", "a", "b", "hit", "cause", "hard", "region", "from", "to", "text"].map((name) => [name, byId(`q-${name}`)]));
  const option = (text, val) => { const node = make("option", text); node.value = val; return node; };
  let found = [], start = 0;

  const scenarios = [...new Set(keys.flatMap((key) => data.results[key].scenarios))].sort();
  field.scenario.append(...scenarios.map((name) => option(name, name)));
  field.cause.append(...data.causes.map(([name, text], n) => option(`${name}: ${text}`, String(n))));
  field.hard.append(...data.hard.map((text, n) => option(text, String(n))));
  field.region.append(...data.regions.map((name, n) => option(name, String(n))), option("none", "none"));

  const fillSystems = (a, b) => {
    const here = keys.filter((key) => data.results[key].scenarios.includes(field.scenario.value));
    const seeds = new Set(here.map((key) => data.results[key].seed)).size > 1;
    const name = (key) => data.results[key].label + (seeds ? `, seed ${data.results[key].seed}` : "");
    field.a.replaceChildren(...here.map((key) => option(name(key), key)));
    field.b.replaceChildren(option("none", ""), ...here.map((key) => option(name(key), key)));
    field.a.value = here.includes(a) ? a : here.find((key) => key.startsWith("glalign/")) || here[0] || "";
    field.b.value = here.includes(b) ? b : "";
    const known = field.a.value ? data.testsets[data.results[field.a.value].testset].hard.map(String) : [];
    for (const one of field.hard.options) one.disabled = one.value !== "" && !known.includes(one.value);
    if (!known.includes(field.hard.value)) field.hard.value = "";
  };

  const matches = {
    hit: (a) => a === 1, miss: (a) => a > 1, ten: (a) => a > 1 && a <= 10, beyond: (a) => a > 10,
    "only-a": (a, b) => a === 1 && b > 1, "only-b": (a, b) => a > 1 && b === 1, neither: (a, b) => a > 1 && !(b === 1),
  };
  const search = () => {
    const result = data.results[field.a.value];
    if (!result) { found = []; show(); return; }
    const test = data.testsets[result.testset], a = codes(field.a.value), b = field.b.value ? codes(field.b.value) : null;
    const wanted = field.text.value.toLowerCase(), low = Number(field.from.value || 0), high = Number(field.to.value || Infinity);
    found = [];
    test.queries.forEach(([, , words, caption, spans, hard], n) => {
      const first = a[n * width], other = b ? b[n * width] : NaN;
      if (field.hit.value && !matches[field.hit.value](first, other)) return;
      if (field.cause.value && a[n * width + 1] !== Number(field.cause.value)) return;
      if (field.hard.value && !(hard & (1 << Number(field.hard.value)))) return;
      if (field.region.value === "none" ? spans.length : field.region.value && !spans.some((span) => span[2] === Number(field.region.value))) return;
      if (words < low || words > high || (wanted && !caption.toLowerCase().includes(wanted))) return;
      found.push(n);
    });
    byId("q-note").textContent = test.visible ? "" : `Captions and images of ${test.label} are not shown.`;
    if (!test.hard.length) byId("q-note").append(" What makes these queries hard is not known.");
    show();
  };

  const tile = (test, place, label) => {
    const node = make("span", undefined, "tile"), picture = test.gallery[place], size = data.tile;
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", label);
    node.title = label;
    if (picture && picture[2] >= 0) {
      const at = picture[2] % size.perSheet;
      node.dataset.sheet = `${test.pictures}/${Math.floor(picture[2] / size.perSheet)}`;
      node.style.width = `${size.width}px`;
      node.style.height = `${size.height}px`;
      node.style.backgroundPosition = `-${at % size.columns * size.width}px -${Math.floor(at / size.columns) * size.height}px`;
    } else node.textContent = picture ? picture[0] : "?";
    return node;
  };
  const captionOf = (test, [, , , caption, spans]) => {
    const node = make("p", undefined, "caption"), letters = Array.from(caption);
    node.lang = test.language;
    let at = 0;
    for (const [from, to, region] of [...spans].sort((x, y) => x[0] - y[0])) {
      if (from < at) continue;
      // Each part is isolated, so that letters from right to left move no part beside theirs.
      node.append(make("bdi", letters.slice(at, from).join("")), make("u", letters.slice(from, to).join("")));
      const name = make("small", `[${data.regions[region]}]`);
      name.lang = "en";
      node.append(name);
      at = to;
    }
    node.append(make("bdi", letters.slice(at).join("")));
    return node;
  };
  // Rows: the images of the strip, [rank - 1, whether of the right person]. Columns: regions, with the phrases that name them.
  const cosineTable = (test, key, n, images) => {
    const { parts, label } = data.results[key], [, , , caption, spans] = test.queries[n], letters = Array.from(caption);
    const cosines = cosinesOf(key), heading = (text, scope, kind) => { const cell = make("th", text, kind); cell.scope = scope; return cell; };
    const node = make("details"), scroll = make("div", undefined, "scroll"), table = make("table", undefined, "cosines"), head = make("tr"), body = make("tbody");
    const rows = images.map(([k, right]) => { const row = make("tr"); row.append(heading(right ? `✓ ${k + 1}` : String(k + 1), "row", "number")); return row; });
    const lacking = make("ul", undefined, "note");
    head.append(heading("image", "col", "number"));
    parts.forEach((region, part) => {
      const phrases = make("span"), found = images.map(([k]) => cosines[(n * data.top + k) * parts.length + part]);
      for (const [from, to] of spans.filter((span) => span[2] === region).sort((x, y) => x[0] - y[0])) {
        const phrase = make("bdi", letters.slice(from, to).join(""));
        phrase.lang = test.language;
        phrases.append(phrases.childNodes.length ? "; " : "", phrase);
      }
      if (found.every((one) => one === data.absent)) {
        const named = phrases.childNodes.length, item = make("li", `${data.regions[region]}: no cosine`);
        if (named) item.append(", although the caption names it (", phrases, "): these images do not show it, or the system does not read these words");
        else if (test.visible) item.append(", the caption does not name it");
        lacking.append(item);
        return;
      }
      const cell = heading(data.regions[region], "col", "number");
      cell.append(phrases);
      head.append(cell);
      found.forEach((one, k) => rows[k].append(make("td", one === data.absent ? "not shown" : (one / 100).toFixed(2), "number")));
    });
    body.append(...rows);
    table.append(make("caption", "Cosine of a region of each image and the phrases that name it"), make("thead"), body);
    table.tHead.append(head);
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `Cosines of ${label}`);
    scroll.append(table);
    node.append(make("summary", "Cosines of regions and phrases"));
    if (head.cells.length > 1) node.append(scroll);
    if (lacking.childNodes.length) node.append(lacking);
    return node;
  };
  const side = (test, key, n, person) => {
    const numbers = codes(key), first = numbers[n * width], cause = data.causes[numbers[n * width + 1]];
    const node = make("div"), strip = make("ol", undefined, "strip"), images = [];
    const head = make("p");
    head.append(make("bdi", data.results[key].label), ": ", make("span", first === 1 ? "✓ rank 1" : `✗ rank ${first}`, first === 1 ? "found" : "lost"));
    if (first > 1) head.append(make("span", ` ${cause[0]}: ${cause[1]}`, "quiet"));
    for (let k = 0; k < data.top; k += 1) {
      const place = numbers[n * width + 2 + k], picture = test.gallery[place];
      if (place === data.nothing || !picture) continue;
      const right = picture[1] === person, item = make("li", undefined, right ? "hit" : "");
      images.push([k, right]);
      item.append(tile(test, place, `${k + 1}: ${picture[0]}, ${right ? "the person asked for" : "another person"}`), make("span", right ? `✓ ${k + 1}` : String(k + 1)));
      strip.append(item);
    }
    strip.tabIndex = 0;
    strip.setAttribute("aria-label", `First images of ${data.results[key].label}`);
    node.append(head, strip);
    if (data.results[key].parts && images.length) node.append(cosineTable(test, key, n, images));
    return node;
  };
  const show = () => {
    const list = byId("q-list"), result = data.results[field.a.value];
    start = Math.min(start, Math.max(0, Math.floor((found.length - 1) / page) * page));
    list.replaceChildren();
    byId("q-count").textContent = result ? `${found.length} of ${data.testsets[result.testset].queries.length} queries` : "No run has ranked queries yet.";
    for (const n of result ? found.slice(start, start + page) : []) {
      const test = data.testsets[result.testset], query = test.queries[n], picture = test.gallery[query[0]], item = make("li");
      const asked = make("div", undefined, "asked");
      if (picture && picture[2] >= 0) asked.append(tile(test, query[0], `${picture[0]}, the image that the caption describes`), make("span", "described"));
      const sides = make("div", undefined, "sides");
      for (const key of [field.a.value, field.b.value]) if (key) sides.append(side(test, key, n, picture ? picture[1] : null));
      const named = make("p", undefined, "quiet");
      const hard = data.hard.filter((_, bit) => query[5] & (1 << bit)).map((one) => `; ${one.toLowerCase()}`).join("");
      named.append(make("bdi", picture ? picture[0] : "?"), `#${query[1]}, ${query[2]} words${hard}`);
      item.append(asked, captionOf(test, query), named, sides);
      list.append(item);
    }
    byId("q-page").textContent = found.length ? `${start + 1} to ${Math.min(start + page, found.length)}` : "";
    byId("q-before").disabled = start === 0;
    byId("q-after").disabled = start + page >= found.length;
  };
  const write = () => {
    const state = new URLSearchParams();
    for (const [name, node] of Object.entries(field)) if (node.value) state.set(name, node.value);
    if (start) state.set("start", start);
    history.replaceState(null, "", `#queries?${state}`);
  };
  const read = (state) => {
    if (scenarios.includes(state.get("scenario"))) field.scenario.value = state.get("scenario");
    for (const name of ["hit", "cause", "hard", "region", "from", "to", "text"]) {
      field[name].value = state.get(name) || "";
      if (!field[name].value) field[name].value = ""; // an option that is not there
    }
    fillSystems(state.get("a"), state.get("b"));
    start = Math.max(0, Math.floor(Number(state.get("start") || 0) / page) * page || 0);
    search();
  };
  byId("query-form").addEventListener("submit", (event) => event.preventDefault());
  for (const [name, node] of Object.entries(field)) {
    node.addEventListener(node.tagName === "SELECT" ? "change" : "input", () => {
      if (name === "scenario") fillSystems();
      start = 0;
      search();
      write();
    });
  }
  const turn = (by) => { start += by; show(); write(); byId("queries").scrollIntoView(); };
  byId("q-before").addEventListener("click", () => turn(-page));
  byId("q-after").addEventListener("click", () => turn(page));

  // Links: open what a fragment names; `#queries?...` is a search.
  const follow = () => {
    const [hash, state] = location.hash.slice(1).split("?");
    if (hash === "queries" && state !== undefined) read(new URLSearchParams(state));
    const filter = filters.get(hash);
    if (filter && state !== undefined) {
      filter.value = new URLSearchParams(state).get("rows") || "";
      keep(filter);
    }
    let name = hash;
    try { name = decodeURIComponent(hash); } catch { /* not encoded */ }
    const target = byId(name);
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  };
  read(new URLSearchParams());
  addEventListener("hashchange", follow);
  if (location.hash) follow();
})();

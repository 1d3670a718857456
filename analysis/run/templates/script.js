"use strict";
// Tables are sorted by the buttons of their headings, and the index is searched; without this script every row stands.
(() => {
  const MISSING = "–";
  const collator = new Intl.Collator("en", { numeric: true });
  const WEEK = /(\d{4})-(\d{2})-(\d{2})/g;
  const MONTHS = ("January February March April May June July August September October November December").split(" ");

  // The value by which a cell is sorted: the first number in it, or its text; null where it says "missing".
  const valueOf = (cell, numeric) => {
    const text = cell ? cell.textContent.trim() : "";
    if (!text || text.startsWith(MISSING)) return null;
    if (!numeric) return text;
    if (text.startsWith("unlimited")) return Infinity;
    const found = /[-−]?\d[\d,]*(?:\.\d+)?/.exec(text);
    return found ? Number(found[0].replace(/,/g, "").replace("−", "-")) : null;
  };

  const sort = (table, heading, place) => {
    const numeric = heading.classList.contains("number");
    const now = heading.getAttribute("aria-sort");
    const next = now ? (now === "ascending" ? "descending" : "ascending") : numeric ? "descending" : "ascending";
    const sign = next === "ascending" ? 1 : -1;
    const compare = (a, b) =>
      a === null || b === null
        ? (a === null) - (b === null) // missing stands last, whatever the direction
        : sign * (numeric ? (a === b ? 0 : a < b ? -1 : 1) : collator.compare(a, b));
    for (const body of table.tBodies) {
      const rows = [...body.rows].map((row) => [valueOf(row.cells[place], numeric), row]);
      rows.sort((a, b) => compare(a[0], b[0]));
      body.append(...rows.map((pair) => pair[1]));
    }
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", next);
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      if (!heading.textContent.trim() || heading.classList.contains("links")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading, place));
      heading.append(button);
    });
  }

  const box = document.querySelector("#search");
  if (!box) return;
  const found = document.querySelector("#found");
  let things;
  const rows = [...document.querySelectorAll("tr[data-found]")]; // in the order of the page, before any is sorted
  const named = document.querySelector("section.named");
  if (named) named.hidden = true; // a long list: names stand only where they are looked for
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const wordsOf = (thing, more = "") =>
    plain(
      `${thing.dataset.words ?? ""} ${thing.textContent} ${more}`.replace(
        WEEK,
        (week, year, month, day) => `${week} ${Number(day)} ${MONTHS[month - 1]} ${year}`,
      ),
    );
  // A whole date is looked for as the page writes it in full, so that its day is not found in another date.
  const asked = (text) =>
    plain(text)
      .replace(/\b(\d{1,2}) ([a-z]+) (\d{4})\b/g, (date, day, month, year) => {
        const place = MONTHS.findIndex((name) => name.toLowerCase() === month) + 1;
        return place ? `${year}-${String(place).padStart(2, "0")}-${day.padStart(2, "0")}` : date;
      })
      .split(/[\s,]+/)
      .filter(Boolean);
  // A report is found by the names in its tables, too; a name by itself alone, not by its links.
  const gather = () => {
    const names = new Map();
    const found = [];
    for (const thing of document.querySelectorAll("[data-reports]")) {
      const name = thing.firstElementChild.textContent;
      found.push([thing, plain(name)]);
      for (const place of thing.dataset.reports.split(" ")) names.set(place, `${names.get(place) ?? ""} ${name}`);
    }
    rows.forEach((row, place) => found.push([row, wordsOf(row, names.get(String(place)))]));
    for (const thing of document.querySelectorAll("li[data-found]:not([data-reports])"))
      found.push([thing, wordsOf(thing)]);
    return found;
  };
  const counted = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
  const search = () => {
    things ??= gather();
    const wanted = asked(box.value);
    let [reports, pages, places] = [0, 0, 0];
    for (const [thing, words] of things) {
      thing.hidden = !wanted.every((word) => words.includes(word));
      if (thing.hidden) continue;
      if (thing.tagName === "TR") reports++;
      else if (thing.dataset.reports) places++;
      else pages++;
    }
    for (const part of document.querySelectorAll("section.found"))
      part.hidden = !part.querySelector("[data-found]:not([hidden])");
    document.querySelector("#grids").hidden = wanted.length > 0;
    if (named && !wanted.length) named.hidden = true;
    found.textContent = `${counted(reports, "report", "reports")} listed`;
    if (!wanted.length) return;
    if (pages) found.textContent += `, and ${counted(pages, "page", "pages")} of a state or offence group`;
    if (places) found.textContent += `, and ${counted(places, "name", "names")} of a county, city or agency`;
    if (!reports && !pages && !places)
      found.textContent += ". Try a state (Texas, TX), a county, an offence group, or a week (28 January 2017)";
  };
  box.closest("form").hidden = false;
  box.addEventListener("input", search);
  box.closest("form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
    const first = ["tr", "li"]
      .map((kind) => document.querySelector(`${kind}[data-found]:not([hidden]) a[href]`))
      .find(Boolean);
    if (box.value.trim() && first) first.click();
  });
})();

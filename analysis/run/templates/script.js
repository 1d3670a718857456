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
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const wordsOf = (thing) =>
    plain(
      `${thing.dataset.words ?? ""} ${thing.textContent}`.replace(
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
  const search = () => {
    things ??= [...document.querySelectorAll("[data-found]")].map((thing) => [thing, wordsOf(thing)]);
    const wanted = asked(box.value);
    let reports = 0;
    let pages = 0;
    for (const [thing, words] of things) {
      thing.hidden = !wanted.every((word) => words.includes(word));
      reports += !thing.hidden && thing.tagName === "TR";
      pages += !thing.hidden && thing.tagName === "LI";
    }
    for (const part of document.querySelectorAll("section.found"))
      part.hidden = !part.querySelector("[data-found]:not([hidden])");
    document.querySelector("#grids").hidden = wanted.length > 0;
    found.textContent = `${reports.toLocaleString("en")} ${reports === 1 ? "report" : "reports"} listed`;
    if (wanted.length && pages)
      found.textContent += `, and ${pages} ${pages === 1 ? "page" : "pages"} of a state or offence group`;
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

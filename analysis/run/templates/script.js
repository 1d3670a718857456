"use strict";
// Tables are sorted by the buttons of their headings; without this script every row stands.
(() => {
  const collator = new Intl.Collator("en", { numeric: true });
  // The value by which a cell is sorted: the first number in it, or its text; null where it says "missing", a dash.
  const valueOf = (cell, numeric) => {
    const text = cell?.querySelector("time")?.dateTime || (cell?.textContent.trim() ?? "");
    if (!text || text.startsWith("–")) return null;
    if (!numeric) return text;
    if (text.startsWith("unlimited")) return Infinity;
    const found = /[-−]?\d[\d,]*(?:\.\d+)?/.exec(text);
    return found && Number(found[0].replace(/,/g, "").replace("−", "-"));
  };
  const sort = (table, heading, place) => {
    const numeric = heading.classList.contains("number");
    const now = heading.getAttribute("aria-sort");
    const next = now ? (now === "ascending" ? "descending" : "ascending") : numeric ? "descending" : "ascending";
    const sign = next === "ascending" ? 1 : -1;
    const order = (a, b) => sign * (numeric ? (a === b ? 0 : a < b ? -1 : 1) : collator.compare(a, b));
    // What is missing stands last, whatever the direction.
    const compare = (a, b) => (a === null || b === null ? (a === null) - (b === null) : order(a, b));
    for (const body of table.tBodies) {
      const rows = [...body.rows].map((row) => [valueOf(row.cells[place], numeric), row]);
      body.append(...rows.sort((a, b) => compare(a[0], b[0])).map((pair) => pair[1]));
    }
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", next);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      if (!heading.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading, place));
      heading.append(button);
    });
  }

  // Who comes by a link to something folded away sees it.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    if (target?.closest("details")) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // On paper a page says where it stands on the web, if it does.
  const own = document.querySelector("link[rel=canonical]")?.href ?? (location.protocol === "file:" ? "" : location.href);
  document.documentElement.style.setProperty("--address", JSON.stringify(own));
})();

// The index is searched; without this script every row stands.
(() => {
  // A table of weeks opens at its newest.
  for (const one of document.querySelectorAll("table.matrix")) one.parentElement.scrollLeft = one.scrollWidth;
  const box = document.querySelector("#search");
  const named = document.querySelector("section.named");
  if (named) named.hidden = true; // names stand only where they are looked for
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/offense/g, "offence").replace(/–/g, "-");
  const words = (text) => plain(text).replace(/[^\p{L}\p{N}-]+/gu, " ").trim();
  const has = (text, word) => ` ${text}`.includes(` ${word}`);
  const IDLE = "a and at by county for from in of on or the to week".split(" "); // say nothing beside other words
  const MEANT = { drunk: "influence", dui: "influence", dwi: "influence", gun: "weapon", murder: "homicide", rape: "sexual" };
  const rows = [...document.querySelectorAll("tr[data-found]")]; // before any is sorted
  const places = [...document.querySelectorAll("#places li")];
  const states = new Map(places.map((page) => [page.dataset.words.toLowerCase(), page.textContent.replace(/.*: /, "")]).filter(([code]) => code.length === 2));
  // A day, as it is written on either side of the Atlantic, becomes the Saturday that names its week.
  const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
  const DAYS = [/\b(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)\b/g, /\b(?<m>\d{1,2})\/(?<d>\d{1,2})\/(?<y>\d{4})\b/g];
  DAYS.push(/\b(?<d>\d{1,2}) (?<m>[a-z]{3,}) (?<y>\d{4})\b/g, /\b(?<m>[a-z]{3,}) (?<d>\d{1,2}),? (?<y>\d{4})\b/g);
  const saturday = (written, ...more) => {
    const { y, m, d } = more.at(-1);
    const month = Number(m) || MONTHS.indexOf(m.slice(0, 3)) + 1 || NaN;
    const date = new Date(Date.UTC(y, month - 1, d));
    if (isNaN(date)) return written;
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 1) % 7));
    return date.toISOString().slice(0, 10);
  };
  const RANGE = /\b\d{1,2}( [a-z]{3,})?( \d{4})? ?[-–] ?(?=\d{1,2} [a-z]{3,} \d{4})/g; // of a week its last day will do
  const asked = (text) => {
    const given = words(DAYS.reduce((said, form) => said.replace(form, saturday), plain(text).replace(RANGE, ""))).split(" ");
    const telling = given.filter((word) => !IDLE.includes(word));
    const meant = (telling.length ? telling : given).map((word) => MEANT[word] ?? states.get(word) ?? word);
    return words(meant.join(" ")).split(" ").filter(Boolean).map((word) => word.replace(/(?<=\p{L}{3})s$/u, ""));
  };
  // A report is found by the names in its tables, too, and by the offence groups that it counts; a name by itself alone.
  let things, loaded;
  const fetched = (src) => new Promise((done) => document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: done })));
  const load = () => (loaded ??= named && fetched("names.js")); // a long list, which comes once something is looked for
  const gather = () => {
    const groups = [...document.querySelectorAll("#places [href^=offences]")].map((link) => link.textContent).join(" ");
    const counting = [...document.querySelectorAll("#offences ~ ul a")].map((link) => link.pathname);
    const kind = (page) => page.closest("section").querySelector("h2").textContent;
    const texts = new Map(places.map((page) => [page, words(`${page.dataset.words} ${page.textContent} ${kind(page)}`)]));
    for (const row of rows) {
      const cells = [row.querySelector("time")?.dateTime, ...[...row.cells].map((cell) => cell.textContent)];
      texts.set(row, words(`${cells.join(" ")} ${counting.includes(row.querySelector("a")?.pathname) ? groups : ""}`));
    }
    for (const one of document.querySelectorAll("[data-reports]")) {
      const name = one.firstElementChild.textContent;
      texts.set(one, words(`${name} ${states.get(/(?<=, )..$/.exec(name)?.[0].toLowerCase()) ?? ""}`));
      for (const place of one.dataset.reports.split(" ")) texts.set(rows[place], `${texts.get(rows[place])} ${texts.get(one)}`);
    }
    return texts;
  };
  const search = async () => {
    await load();
    things ??= gather();
    const wanted = asked(box.value);
    for (const [thing, text] of things) thing.hidden = !wanted.every((word) => has(text, word));
    const seen = (kind) => document.querySelectorAll(`${kind}[data-found]:not([hidden])`).length;
    // What no page has in full: the pages of states, and those of offences, that have most of the words.
    if (!seen("#places li"))
      for (const list of document.querySelectorAll("#places ul")) {
        const numbers = [...list.children].map((page) => [page, wanted.filter((word) => word.length > 2 && has(things.get(page), word)).length]);
        const most = Math.max(1, ...numbers.map((pair) => pair[1]));
        for (const [page, number] of numbers) page.hidden = number < most;
      }
    for (const part of document.querySelectorAll("section.found"))
      part.hidden = !part.querySelector("[data-found]:not([hidden])") || (part === named && !wanted.length);
    for (const part of document.querySelectorAll("#opening, #grids")) part.hidden = wanted.length > 0;
    const kinds = [["tr", "report", "s listed"], ["#places li", "page", "s of a state or offence group"], [".named li", "name", "s of a county, city or agency"]];
    const told = kinds.map(([kind, one, more]) => [seen(kind), one, more]).filter(([number], n) => !n || (number && wanted.length));
    const says = told.map(([number, one, more]) => `${number.toLocaleString("en")} ${one}${more.slice(number === 1)}`).join(", and ");
    const hint = ". Try a state (Texas, TX), a county, an offence group, a year, or a day (28 January 2017)";
    document.querySelector("#found").textContent = wanted.length && told.length === 1 && !seen("tr") ? says + hint : says;
  };
  box.closest("form").hidden = false;
  box.addEventListener("focus", load);
  box.addEventListener("input", search);
  box.closest("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await search();
    const kinds = ["tr", "li"].map((kind) => document.querySelector(`${kind}[data-found]:not([hidden]) a[href]`));
    if (box.value.trim()) kinds.find(Boolean)?.click();
  });
  box.value = new URLSearchParams(location.search).get("q") ?? "";
  if (box.value) search();
})();

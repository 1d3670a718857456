"""What a site of many reports costs to build, open and search: copies of a weekly bulletin and a state profile."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from commands import declines
from playwright.sync_api import sync_playwright

from analysis.load.reference import states
from analysis.run.plan import Entry, index_is_due, read_manifest, write_manifest
from analysis.run.site import write_index

REPORTS, WEEKS, FIRST = 2055, 183, date(2022, 10, 1)
TYPED = """(text) => new Promise((done) => {
  const box = document.querySelector("#search"), found = document.querySelector("#found"), start = performance.now();
  const look = () => found.textContent ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))
    : setTimeout(look);
  box.value = text;
  box.dispatchEvent(new Event("input"));
  look(); })"""
OPENED = """() => [performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
  performance.getEntriesByName("first-contentful-paint")[0].startTime]"""


def copied(one: Path, out: Path) -> dict[str, Entry]:
    """Fill a folder with bulletins of all weeks and, from the newest back, profiles of all states."""
    bulletin, profile = sorted(read_manifest(one).values(), key=lambda entry: entry.notebook != "weekly_bulletin")
    weeks = [f"{FIRST + timedelta(days=7 * n)}" for n in range(WEEKS)]
    asked: list[tuple[Entry, str, dict[str, str]]] = [(bulletin, week, {}) for week in weeks]
    asked += [(profile, week, {"state": state}) for week, state in product(reversed(weeks), states().index)]
    entries = {}
    for entry, week, place in asked[:REPORTS]:
        folder = "/".join([entry.notebook, entry.source, "_".join([week, *place.values()])])
        for name in (name for name in entry.files if name.endswith((".csv", ".json"))):
            (out / folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(one / entry.folder / name, out / folder / name)
        entries[folder] = replace(entry, folder=folder, parameters=entry.parameters | {"week": week} | place)
    write_manifest(out, entries)
    return entries


def main() -> None:
    """Make the two reports, copy them, and print what each step takes."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        one, out = Path(folder, "one"), Path(folder, "many")
        asked = ["weekly_bulletin", "state_profile", "--source", "synthetic", "--weeks", "latest settled"]
        declines("run", *asked, "--out", one)
        entries = copied(one, out)
        for what, work in (
            ("build", lambda: write_index(out, entries)),
            ("see that it stands", lambda: index_is_due(out, None)),
        ):
            clock, cpu = time.perf_counter(), time.process_time()
            work()
            print(f"{what}: {time.perf_counter() - clock:.2f} s, {time.process_time() - cpu:.2f} s of CPU")
        print({path.name: f"{path.stat().st_size / 1e6:.2f} MB" for path in sorted(out.glob("[in]*.*"))})
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for text in ("texas", "sample county 001", "2025-01-04"):
            page = browser.new_page()
            page.goto((out / "index.html").as_uri())
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
            opened, painted = page.evaluate(OPENED)
            print(
                f"open: {opened:.0f} ms, painted: {painted:.0f} ms, found {text!r}: {page.evaluate(TYPED, text):.0f} ms"
            )


if __name__ == "__main__":
    main()

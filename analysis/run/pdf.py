"""Reports on paper: Chromium prints each page as a tagged PDF beside it.

Measured on a week of fiscal 2015: Chromium takes 0.6 s (2 pages, 291 kB; the layout of the page, and the alternative of
each figure), WeasyPrint 6.2 s (12 pages, 291 kB; folds open, figures black for want of CSS variables, no alternatives).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.files import sha256_of, write_whole
from analysis.run.plan import PAGE, PDF, Entry, journal

BROWSERS = "chromium", "chromium-browser", "google-chrome"
DATES = re.compile(rb"/(?:CreationDate|ModDate) ?\([^)]*\)")  # they would make another file of the same page


@contextmanager
def a_browser() -> Iterator[Any]:
    """Open Chromium without a window and without a network."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        install = "Install it: pip install 'declined-detainers[pdf]'"
        raise InputError("a PDF needs Playwright, which is not installed", do=install) from error
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and not os.geteuid() else []  # Chromium has none for root
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=as_root)
        except Error as error:
            install = "Install one, such as by `playwright install chromium`"
            raise InputError("a PDF needs Chromium, and none starts here", found=path, do=install) from error
        with browser, browser.new_context(offline=True) as context:
            yield context


def print_pages(out: Path, entries: Iterable[Entry]) -> int:
    """Print the pages that have no PDF; a report that is made again takes the PDF of the earlier one away."""
    ahead = [entry for entry in entries if entry.outcome == "made" and PDF not in entry.files]
    if ahead:
        with a_browser() as context:
            page = context.new_page()
            for entry in ahead:
                path = out / entry.folder / PDF
                page.goto(path.with_name(PAGE).resolve().as_uri())
                content = page.pdf(prefer_css_page_size=True, tagged=True, outline=True)
                write_whole(path, DATES.sub(lambda found: b" " * len(found[0]), content))
                journal(out, replace(entry, files=entry.files | {PDF: sha256_of(path)}))
    return len(ahead)

"""Small notebooks that make a report, for tests of the runner."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from analysis.run.notebooks import read_notebook
from analysis.run.plan import Task, plan

BEGIN = "import analysis as an\nsheet = an.Report('probe', an.open_source(source), parameters={'week': week})"


def write_notebook(path: Path, *cells: str, reads: str = "all", text: str = "# A probe") -> Path:
    """Write a notebook that takes a week of a source by day of issue, and runs these cells."""
    parameters = 'source: str = "fy2015"  # a source\nweek: str = "latest settled"  # a week'
    code = [("parameters", parameters), *(("", cell) for cell in (BEGIN, *cells, "sheet.close()"))]
    told: list[dict[str, object]] = [{"cell_type": "markdown", "id": "text", "metadata": {}, "source": text}]
    for number, (tag, source) in enumerate(code):
        about: dict[str, object] = {"metadata": {"tags": [tag]} if tag else {}, "execution_count": None, "outputs": []}
        told.append({"cell_type": "code", "id": f"cell-{number}", "source": source, **about})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"declines": {"clock": "issued", "reads": reads}, "kernelspec": kernel}
    path.write_text(json.dumps({"cells": told, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def tasks_of(paths: Iterable[Path], weeks: str = "2015-01-03", source: str = "fy2015") -> list[Task]:
    return plan([read_notebook(path) for path in paths], source_names=[source], weeks=weeks)

"""The work of one report, in a process of its own: papermill runs the notebook, its files are made and written.

They are a self-contained page, facts, tables and figures, with the report's revisions.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import logging
import os
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.provisioning import KernelProvisionerFactory
from markupsafe import Markup, escape
from nbconvert.filters import ansi2html, markdown2html
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from analysis.errors import SHOWN, InputError
from analysis.files import as_json, write_folder, write_whole
from analysis.load.sources import VERSIONS_VARIABLE
from analysis.run import kernels
from analysis.run.plan import FACTS, FAILED, NOTEBOOK, PAGE, Entry, Limits, Task
from analysis.run.revisions import LOG, for_reading, revise
from analysis.run.site import COUNTING, page_of_place, place_names, templates, text_of
from analysis.show.report import BESIDE_VARIABLE
from analysis.show.sentences import as_made_up
from analysis.show.style import SOURCE, drawing
from analysis.show.tables import FACTS_TYPE, FIGURE_KEY, LEFT, TABLE_TYPE, UNBROKEN

LOOK_EVERY = 0.5
LONGEST_SOCKET_NAME = 103  # bytes that every system with named sockets has room for


class _SavingEngine(NBClientEngine):
    """Papermill's own engine; what was executed is saved when the kernel dies, too."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, save_as: Path, **kwargs: Any) -> None:  # noqa: ANN401
        """Run the cells."""
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        except BaseException:
            nbformat.write(nb_man.nb, save_as)
            raise


papermill_engines.register("declines", _SavingEngine)
logging.getLogger("papermill").setLevel(logging.CRITICAL + 1)  # what went wrong is said in the summary
_one_at_a_time = threading.Lock()  # papermill changes the process's folder


def write_files(entry: Entry, executed: str, out: Path) -> Entry:
    """Write the files of an executed notebook, or its copy if it failed; give its entry with their hashes."""
    clock, message, files = time.perf_counter(), entry.message, entry.files
    try:
        if not message:
            files = write_revised(out, entry, nbformat.reads(executed, as_version=4))
        elif executed:
            write_whole(out / entry.folder / FAILED, executed.encode())
    except InputError as error:
        message = str(error)
    except Exception as error:  # of the disk, or of templates: what a notebook shows may be anything
        told = error if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        message = f"the report could not be written: {told}"
    seconds = round(entry.seconds + time.perf_counter() - clock, 3)
    return replace(entry, outcome="failed" if message else "made", message=message, files=files, seconds=seconds)


def execute(task: Task, limits: Limits) -> tuple[Entry, str]:
    """Execute the notebook of a report, in an empty folder of its own; a kernel that dies is given a second try.

    Given are its entry, whose message says why it failed, and the notebook's text, as far as it came.
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="declines-", ignore_cleanup_errors=True) as folder:
        os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of its name elsewhere
        os.environ[VERSIONS_VARIABLE] = json.dumps(task.versions)
        os.environ[BESIDE_VARIABLE] = str(task.notebook.parent)
        KernelProvisionerFactory.instance().default_provisioner_name = kernels.PROVISIONER
        executed = Path(folder) / NOTEBOOK
        died, message = _run_cells(task, executed, Path(folder) / "first", limits)
        if died:
            died, message = _run_cells(task, executed, Path(folder) / "second", limits)
        text = executed.read_text(encoding="utf-8") if executed.is_file() else ""
    message = (died or message).partition("\n")[0]
    return replace(task.entry, message=message, started=started, seconds=time.perf_counter() - clock), text


def _run_cells(task: Task, executed: Path, work: Path, limits: Limits) -> tuple[str, str]:
    """Run the cells of a notebook by papermill, into a file; say that its kernel died, and what else went wrong."""
    work.mkdir()
    name = f"{work}-socket"  # a port is chosen before the kernel takes it, and another may take it in between
    named = hasattr(socket, "AF_UNIX") and len(os.fsencode(f"{name}-1")) <= LONGEST_SOCKET_NAME
    how: dict[str, Any] = {"kernel_name": "python3", "engine_name": "declines", "save_as": executed, "cwd": str(work)}
    client = {"client_class": f"{kernels.__name__}.{kernels.PromptClient.__name__}"}
    manager = {"AsyncKernelManager": client, "KernelManager": {"transport": "ipc", "ip": name} if named else {}}
    how["config"] = Config(manager)
    how |= {"extra_arguments": ["--IPKernelApp.log_level=50", "--HistoryManager.hist_file=:memory:"]}
    how |= {"shutdown_kernel": "immediate"}  # all that it made stands in its outputs
    how |= {"progress_bar": False, "request_save_on_cell_execute": False, "parameters": task.entry.parameters}
    how |= {"record_timing": False}  # papermill's is enough
    with _watching(limits) as stopped:
        try:
            execute_notebook(str(task.notebook), str(executed), **how)
        except PapermillExecutionError as error:
            return "", f"cell {error.exec_count}: {error.ename}: {error.evalue}"
        except nbformat.ValidationError as error:
            return "", f"a cell shows what no notebook can hold: {error.message}"
        except OSError as error:
            return "", f"the report could not be made: {error}"
        except RuntimeError as error:  # of nbclient and jupyter_client: it is dead, or never came to life
            return "" if stopped else f"the kernel died, and so did a second one: {error}", "".join(stopped[:1])
    return "", ""


@contextmanager
def _watching(limits: Limits) -> Iterator[list[str]]:
    """Kill the kernel that this process starts meanwhile when it passes a limit; the list then says which."""
    stopped: list[str] = []
    done = threading.Event()
    kernels.started.clear()

    def watch() -> None:
        until = time.monotonic() + limits.seconds
        while not done.wait(LOOK_EVERY):
            if time.monotonic() > until:
                stopped.append(f"stopped: it took longer than {limits.seconds:g} s (--timeout)")
            elif sum(_of_each(lambda process: process.memory_info().rss)) > limits.megabytes * 1_000_000:
                stopped.append(f"stopped: it used more than {limits.megabytes:g} MB of memory (--memory)")
            if stopped:
                _of_each(psutil.Process.kill)  # again and again: a kernel may be about to start

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield stopped
    finally:
        done.set()
        watcher.join()
        kernels.kill_started()


def _of_each(ask: Callable[[psutil.Process], Any]) -> list[Any]:
    """Ask something of every kernel that this process has started, and of every process that those have."""
    answers = []
    for kernel in kernels.started:
        with suppress(psutil.NoSuchProcess):
            for process in (*psutil.Process(kernel).children(recursive=True), psutil.Process(kernel)):
                with suppress(psutil.NoSuchProcess):
                    answers.append(ask(process))
    return answers


@cache
def _colours() -> set[str]:
    """Give the colours that the style names: six letters and digits are what a figure has in its own file."""
    return set(re.findall(r"--([0-9a-f]{6}):", text_of("colours.css")))


def colours_of(svg: str) -> Markup:
    """Give the style's colours, of them only the ones that a page with nothing but this drawing has."""
    style, wanted = text_of("colours.css"), {"ground", "ink", "link", *re.findall("#([0-9a-f]{6})", svg)}
    wanted |= {other for name, other in re.findall(r"--([0-9a-f]{6}): var\(--([\w-]+)\)", style) if name in wanted}
    return Markup(re.sub(r"\s*--([\w-]+): [^;}]+;?", lambda one: one[0] if one[1] in wanted else "", style))


def inlined(svg: str, alt: str, name: str, foot: float = 0) -> Markup:
    """Write an SVG file into a page: ids of its own, the colours that the style names, text for who cannot see it.

    What stands in the ``foot`` is left out: the page says it.
    """
    drawing = re.sub(rf'<g id="{SOURCE}".*?</g>', "", svg[svg.index("<svg") :]) if foot else svg[svg.index("<svg") :]
    start, rest = re.sub("<[^>]*>", lambda tag: _in_page(tag[0], name), drawing).split(">", 1)
    start = re.sub(r' (?:xmlns(?::\w+)?="[^"]*"|(?:width|height)="[\d.]+pt")', "", start)
    start = re.sub(r'(?<= viewBox="0 0 )(\S+) ([\d.]+)', lambda size: f"{size[1]} {float(size[2]) - foot:.1f}", start)
    return Markup(f'<svg role="img" aria-label="{html.escape(alt)}"{start.removeprefix("<svg")}>{rest}')


def _in_page(tag: str, name: str) -> str:
    """Write a tag of a drawing as a page needs it; what stands between tags is text, and stays."""
    tag = re.sub(r'( id="|url\(#|href="#)', rf"\1{name}-", tag)
    return re.sub("#([0-9a-f]{6})", lambda found: f"var(--{found[1]})" if found[1] in _colours() else found[0], tag)


def places_counted(parameters: Mapping[str, str], tables: Mapping[str, str]) -> dict[str, str]:
    """Give the pages of the places that a report's own figures are listed on, by name: its own place, or all it counts.

    ``tables`` are its CSV files by name.
    """
    pages = {name: page_of_place(place) for place, name in place_names().items()}
    own = [place_names().get(parameters.get(kind, ""), "") for kind in ("state", "offence")]
    rows = (row for name in COUNTING for row in csv.DictReader(io.StringIO(tables.get(name, ""))))
    named = set(own) - {""} or {row.get("state_name") or row.get("group", "") for row in rows}
    return {str(escape(name)): page for name, page in pages.items() if name in named}


def linked(table: str, root: str, pages: Mapping[str, str]) -> Markup:
    """Let the rows of a table that name a place lead to its page; what the style sheet says is not said in cells."""
    table = table.replace(UNBROKEN, "").replace(LEFT, "")

    def link(found: re.Match[str]) -> str:
        page = pages.get(found[2])
        return f'{found[1]}<a href="{root}{page}">{found[2]}</a>' if page else found[0]

    return Markup(re.sub(r'(<th scope="row" class="text">)([^<]+)', link, table))


def _shown(notebook: nbformat.NotebookNode, kind: str) -> Iterator[Any]:
    """Go through what the code cells show that has one kind, in order."""
    for cell in notebook.cells:
        yield from (out["data"] for out in cell.get("outputs", []) if kind in out.get("data", {}))


def facts_of(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Take the facts out of an executed notebook, in the order that they have in its file."""
    found = list(_shown(notebook, FACTS_TYPE))
    if len(found) != 1:
        raise InputError("the executed notebook shows its facts once, in its last cell", found=len(found))
    return json.loads(json.dumps(found[0][FACTS_TYPE], sort_keys=True))


def files_of(
    notebook: nbformat.NotebookNode, entry: Entry, revisions: Sequence[dict[str, Any]] = ()
) -> dict[str, bytes]:
    """Make every file of a report, by path within the folder that its line of the manifest names."""
    facts = {**facts_of(notebook), "revisions": list(revisions)}
    files = {FACTS: as_json(facts)}

    def add(name: str, content: str | bytes) -> None:
        if name in files:
            raise InputError(f"the notebook shows {name!r} twice", do="Give each table and figure its own name")
        files[name] = content.encode(errors="backslashreplace") if isinstance(content, str) else content

    csvs = {data[TABLE_TYPE]["name"]: data["text/plain"] for data in _shown(notebook, TABLE_TYPE)}
    shown: list[dict[str, Any]] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data, about = output.get("data", {}), output.get("metadata", {}).get(FIGURE_KEY, {})
            if TABLE_TYPE in data:
                add(f"tables/{data[TABLE_TYPE]['name']}.csv", data["text/plain"])
            if name := about.get("figure"):
                add(f"figures/{name}.svg", drawing(data))
                shown.append({"shown": about, "svg": drawing(data)})
                if "image/png" in data:
                    add(f"figures/{name}.png", base64.b64decode(data["image/png"]))
    add(NOTEBOOK, _without_copies(notebook))
    told: dict[str, Any] = {"facts": facts, "revisions": for_reading(revisions)}
    told |= {"picture": next((name for name in files if name.endswith(".png")), "")}
    told |= {"root": "../" * (entry.folder.count("/") + 1), "beside": entry.inputs.get("neighbours", ["", ""])}
    told |= {"address": (site := entry.inputs.get("address", "")) and f"{site}{entry.folder}/"}
    figure_page = templates().get_template("report/figure.html.j2")
    for one in shown:
        add(f"figures/{one['shown']['figure']}.html", figure_page.render(**one, **told).translate(SHOWN))
    told |= {"files": sorted(files), "version": version("declined-detainers")}
    told |= {"figure_key": FIGURE_KEY, "table_type": TABLE_TYPE}
    told |= {"places": places_counted(facts["parameters"], csvs), "path": PAGE, "style": "report/report.css"}
    page = templates().get_template("report/report.html.j2").render(nb=notebook, **told)
    return files | {PAGE: page.translate(SHOWN).encode()}


def _without_copies(notebook: nbformat.NotebookNode) -> str:
    """Write a notebook without what differs each time, and without a second copy of the files beside it."""
    kept = deepcopy(notebook)
    for cell in kept.cells:
        cell.metadata.pop("papermill", None)  # when it began and ended
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if table := data.get(TABLE_TYPE):
                data["text/plain"] = f"tables/{table['name']}.csv"
            again = {"image/png", FACTS_TYPE, TABLE_TYPE} | ({"text/plain"} if "text/markdown" in data else set())
            if data.keys() & {"text/html", "text/markdown"}:  # what is shown
                output["data"] = {name: text for name, text in data.items() if name not in again}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"  # nbformat indents


def write_revised(out: Path, entry: Entry, notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Put a report's files in the place of those of an earlier run, which its revisions tell of; give their hashes."""
    csvs = {data[TABLE_TYPE]["name"]: data["text/plain"] for data in _shown(notebook, TABLE_TYPE)}
    revisions, log = revise(out, entry, facts_of(notebook), csvs)
    files = files_of(notebook, entry, revisions)
    write_folder(out / entry.folder, files, {*entry.files, FAILED})
    write_whole(out / LOG / f"{entry.folder}.json", log)  # last: if it is cut off, the same revision is found again
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


templates().filters |= {one.__name__: one for one in (inlined, linked, as_made_up, drawing, colours_of, ansi2html)}
templates().filters["markdown2html"] = lru_cache(maxsize=1000)(markdown2html)  # most texts come again

"""The ``declines`` command: run the reports, list what there is, open the notebooks."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.errors import InputError, unknown
from analysis.load.files import bundled_folder
from analysis.load.sources import HINT, sources
from analysis.periods import Calendar
from analysis.run.notebooks import each, find_notebook, notebooks

if TYPE_CHECKING:  # what runs notebooks is imported by the command that does: `declines list` should come at once
    from analysis.run.plan import Entry, Task
    from analysis.run.site import Settings

_PATH = click.Path(path_type=Path)
FAILED_EXIT, INPUT_EXIT, STOPPED_EXIT = 1, 2, 130


def _mendable(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what a user can mend into one line on the error stream and exit code 2."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        try:
            command(*args, **kwargs)
        except InputError as error:
            click.echo(f"declines: {error}", err=True)
            sys.exit(INPUT_EXIT)
        except KeyboardInterrupt:
            click.echo("declines: stopped before it was done; nothing was left half-written", err=True)
            sys.exit(STOPPED_EXIT)

    return run


def _data_dir(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option that names the folder of imported sources, which kernels then see too."""

    def remember(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None and "://" in value:
            from analysis.run.cluster import use_address

            _mendable(use_address)(value)
        elif value is not None:
            os.environ["DECLINES_DATA_DIR"] = str(Path(value).resolve())

    return click.option(
        "--data-dir",
        expose_value=False,
        callback=remember,
        help="Folder of imported sources, or its address  [default: the user's data folder].",
    )(command)


_extracted_on = click.option(
    "--extracted-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which ICE made the file  [default: as the files say].",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="declined-detainers", prog_name="declines")
def main() -> None:
    """Weekly analyses of declined ICE detainers by state and offence type."""


@dataclass(frozen=True)
class Request:
    """What ``declines run`` is asked for: its options, by name."""

    notebook: tuple[str, ...]
    source_names: tuple[str, ...]
    weeks: str | None
    states: tuple[str, ...]
    offences: tuple[str, ...]
    site_path: Path | None
    folder: str
    jobs: int
    force: bool
    verify: bool
    dry_run: bool
    png: bool
    timeout: int
    memory: int
    cluster: str | None

    @property
    def out(self) -> Path:
        """The folder of all reports."""
        return Path(self.folder)

    def check(self) -> None:
        """Stop at options that are empty or do not go together.

        Raises
        ------
        InputError
            There are such.
        """
        if self.weeks is not None and not self.weeks.strip():
            raise InputError("the option --weeks is empty", do="Leave it out for all weeks, or name some")
        if not self.folder:
            raise InputError("the option --out is empty", do="Leave it out for ./reports, or name a folder")
        if self.dry_run and any(Path(name).exists() for name in self.source_names):
            do = "Import the file first: `declines import FILE --name NAME`"
            raise InputError("a dry run imports nothing", do=do)
        if self.site_path and (self.notebook or self.source_names or self.weeks or self.states or self.offences):
            what = "a site file names its notebooks, sources, weeks and states itself"
            raise InputError(what, do="Leave out the others")

    def tasks(self) -> tuple[list[Task], Settings | None]:
        """Work out the reports asked for, and what the site is called; sources given as files are imported."""
        from analysis.run.plan import plan
        from analysis.run.site import plan_site

        names = [_import_if_file(name) for name in self.source_names]
        if strange := [name for name in names if name not in sources()]:
            raise unknown("source", strange[0], sources(), more=HINT)
        if self.site_path:
            return plan_site(self.site_path, png=self.png)
        chosen = [find_notebook(name) for name in self.notebook]
        tasks = plan(
            chosen or list(notebooks().values()),
            source_names=names,
            weeks=self.weeks,
            states=each("state", self.states),
            offences=each("offence", self.offences),
            png=self.png,
            all_of_them=bool(chosen),
        )
        return tasks, None


@main.command("run")
@click.argument("notebook", nargs=-1)
@click.option("--source", "source_names", multiple=True, help="Only this source, or a file to import; may be repeated.")
@click.option(
    "--weeks",
    help="A Saturday, FIRST:LAST, 'latest', 'latest settled' or 'all'.  [default: all, of profiles the latest settled]",
)
@click.option("--state", "states", multiple=True, help="A report for this state, or for 'each'; may be repeated.")
@click.option("--offence", "offences", multiple=True, help="The same for offence groups.")
@click.option("--site", "site_path", type=_PATH, help="A YAML file that names all reports of a site.")
@click.option("--out", "folder", type=click.Path(file_okay=False), default="reports", show_default=True, help="Folder.")
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Reports at a time [cores].")
@click.option("--force", is_flag=True, help="Make reports that are up to date again.")
@click.option("--verify", is_flag=True, help="Read every file that was written, and make again what was edited.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, and why.")
@click.option("--png", is_flag=True, help="Write each figure as PNG too.")
@click.option("--timeout", type=click.IntRange(1), default=900, show_default=True, help="Seconds a report may take.")
@click.option("--memory", type=click.IntRange(100), default=4000, show_default=True, help="Megabytes it may take.")
@click.option("--cluster", help="Address of a Dask scheduler, or 'local'; needs declined-detainers[cluster].")
@_data_dir
@_mendable
def run_command(**options: Any) -> None:  # noqa: ANN401
    """Make reports: all NOTEBOOKs on all sources and weeks, unless narrowed; profiles for one week and place."""
    from analysis.run.batch import run
    from analysis.run.plan import Limits, index_is_due, what_is_due

    request = Request(**options)
    request.check()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who stops it so means Ctrl-C
    tasks, settings = request.tasks()
    out = request.out
    if request.dry_run:
        due = what_is_due(tasks, out, force=request.force, verify=request.verify)
        ahead = [one for one in due if one.action != "current"]
        for action, reason, task in ahead:
            click.echo(f"{action}  {task.entry.folder}: {reason}")
        click.echo(f"{len(ahead)} of {len(due)} reports are not up to date")
        return
    with _Progress(len(tasks)) as progress:
        try:
            results = run(
                tasks,
                out,
                jobs=request.jobs,
                force=request.force,
                verify=request.verify,
                limits=Limits(request.timeout, request.memory),
                cluster=request.cluster,
                report=progress.report,
            )
        except KeyboardInterrupt:
            _write_index(out, settings)
            click.echo(f"stopped: {progress.done} of {len(tasks)} reports stand; the same command goes on", err=True)
            sys.exit(STOPPED_EXIT)
    if index_is_due(out, settings):
        _write_index(out, settings)
    failed = [entry for entry in results.values() if entry.outcome == "failed"]
    click.echo(f"{len(results) - len(failed)} of {len(results)} reports stand under {out}; index: {out / 'index.html'}")
    for entry in failed:
        click.echo(f"failed: {entry.folder}: {entry.message}", err=True)
    if failed:
        sys.exit(FAILED_EXIT)


def _write_index(out: Path, settings: Settings | None) -> None:
    """Write the site's pages over all reports of a folder."""
    from analysis.run.plan import read_manifest
    from analysis.run.site import write_index

    write_index(out, read_manifest(out), settings)


def _import_if_file(given: str) -> str:
    """Import a source that is given as a file or folder; give its name."""
    path = Path(given)
    if not path.exists():
        return given
    from analysis.run.imports import import_release, name_of

    done = import_release([path], name_of(path), title=path.name, today=date.today())
    click.echo(done.text)
    return done.name


class _Progress:
    """A bar on a terminal, plain lines otherwise."""

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self.bar = tqdm(total=total, unit="report", dynamic_ncols=True, disable=None)
        self.done = 0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def report(self, state: str, entry: Entry) -> None:
        """Show one more report as done."""
        self.done += 1
        self.bar.set_postfix_str(entry.folder, refresh=False)
        self.bar.update()
        if self.bar.disable and state != "current":
            took = "" if state == "page" else f" ({entry.seconds:.1f} s)"
            click.echo(f"[{self.done}/{self.bar.total}] {state} {entry.folder}{took}")
        elif self.bar.disable and self.done == self.bar.total:
            click.echo(f"[{self.done}/{self.bar.total}] all were up to date")


@main.command("compare")
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@click.option("--csv", "csv_path", type=_PATH, help="Write the differences to this file too.")
@_mendable
def compare_command(before: Path, after: Path, csv_path: Path | None) -> None:
    """Say what the reports under AFTER say otherwise than those under BEFORE: was, is, why."""
    import pandas as pd

    from analysis.run.revisions import compare_runs, written
    from analysis.show.sentences import counted
    from analysis.show.tables import as_csv

    rows = compare_runs(before, after)
    for row in rows:
        was, now = (written(row["what"], row[name]) for name in ("was", "is"))
        values = "" if was == now else f": {was} → {now}"
        click.echo(f"{row['report']}: {row['what']}{values} ({row['why']})")
    reports = len({row["report"] for row in rows})
    click.echo(f"{counted(len(rows), 'differences')} in {counted(reports, 'reports')}")
    if csv_path:
        csv_path.write_text(
            as_csv(pd.DataFrame(rows, columns=["report", "what", "was", "is", "why"])), encoding="utf-8"
        )


@main.command("list")
@_data_dir
@_mendable
def list_command() -> None:
    """Show the notebooks with their parameters, and the sources with their weeks."""
    click.echo("Notebooks")
    for notebook in notebooks().values():
        click.echo(f"  {notebook.name}: {notebook.title}")
        for name, one in notebook.parameters.items():
            click.echo(f"    {name}: {one.kind} = {one.default!r}  {one.comment}")
    click.echo("Sources")
    for name, source in sources().items():
        calendar = Calendar.of(source.facts)
        weeks = calendar.weeks()
        partial = [week.isoformat() for week in weeks if calendar.is_partial(week)]
        click.echo(f"  {name}: {source.facts.title}")
        click.echo(
            f"    weeks by day {source.facts.clock}: {weeks[0]} to {weeks[-1]}, {len(weeks)} weeks"
            + (f", partial: {', '.join(partial)}" if partial else "")
        )


@main.command("import")
@click.argument("files", nargs=-1, required=True, type=_PATH)
@click.option("--name", required=True, help="Name of the source; a newer file under it becomes a new version.")
@click.option("--title", help="What reports call it  [default: the name].")
@_extracted_on
@_data_dir
@_mendable
def import_command(files: tuple[Path, ...], name: str, title: str | None, extracted_on: datetime | None) -> None:
    """Read a release (files or a folder), check it, and keep it as a source for `declines run --source NAME`."""
    from analysis.run.imports import import_release

    day = extracted_on.date() if extracted_on else None
    done = import_release(files, name, title=title or name, extracted_on=day, today=date.today())
    click.echo(done.text)


@main.command("check")
@click.argument("files", nargs=-1, required=True, type=_PATH)
@click.option("--previous", help="Name of an imported source to compare with.")
@_extracted_on
@_data_dir
@_mendable
def check_command(files: tuple[Path, ...], previous: str | None, extracted_on: datetime | None) -> None:
    """Say how good a release is: a scorecard, each line pass, warn or stop. Exit code 2 if any line stops."""
    from analysis.load.quality import as_text, stops
    from analysis.run.imports import check_release

    day = extracted_on.date() if extracted_on else None
    scorecard = check_release(files, previous=previous, extracted_on=day, today=date.today())
    click.echo(as_text(scorecard))
    if stops(scorecard):
        sys.exit(INPUT_EXIT)


@main.command("lab", context_settings={"ignore_unknown_options": True})
@click.argument("jupyter_args", nargs=-1, type=click.UNPROCESSED)
@_data_dir
@_mendable
def lab_command(jupyter_args: tuple[str, ...]) -> None:
    """Open the notebooks in JupyterLab; further arguments go to `jupyter lab`.

    From a checkout the notebooks themselves are opened; from an installed package, copies in ./notebooks, which are
    never overwritten.
    """
    folder = bundled_folder("notebooks")
    if folder.parent.name == "_bundled":
        mine = Path.cwd() / "notebooks"
        mine.mkdir(exist_ok=True)
        for path in sorted(folder.glob("*.ipynb")):
            if not (mine / path.name).exists():
                shutil.copyfile(path, mine / path.name)
        folder = mine
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of the same name elsewhere
    os.environ.setdefault("JUPYTER_DEFAULT_PROVISIONER_NAME", "declines-warm")
    code = "import analysis.run; from jupyterlab.labapp import main; main()"  # analysis.run: a slow import is kept out
    os.execv(sys.executable, [sys.executable, "-c", code, f"--notebook-dir={folder}", *jupyter_args])

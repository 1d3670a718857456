"""The ``declines`` command: run the reports, list what there is, open the notebooks."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.errors import InputError

if TYPE_CHECKING:
    from analysis.run.manifest import Entry
    from analysis.run.site import Settings

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


class _Folder(click.ParamType[Path]):
    """A folder; an empty text, such as of a variable that was not set, is none."""

    name = "folder"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Turn the text into a path."""
        if not str(value):
            self.fail("it is empty", param, ctx)
        return Path(value)


_FOLDER = _Folder()


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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="declined-detainers", prog_name="declines")
def main() -> None:
    """Weekly analyses of declined ICE detainers by state and offence type."""


@main.command("run")
@click.argument("notebook", nargs=-1)
@click.option("--source", "source_names", multiple=True, help="Only this source, or a file to import; may be repeated.")
@click.option(
    "--weeks",
    help="A Saturday, FIRST:LAST, 'latest', 'latest settled' or 'all'.  [default: all, of profiles the latest settled]",
)
@click.option("--state", "states", multiple=True, help="A report for this state, or for 'each'; may be repeated.")
@click.option("--offence", "offences", multiple=True, help="The same for offence groups.")
@click.option(
    "--site", "site_path", type=click.Path(path_type=Path), help="A YAML file that names all reports of a site."
)
@click.option("--out", type=_FOLDER, default="reports", show_default=True, help="Folder.")
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Reports at a time [cores].")
@click.option("--force", is_flag=True, help="Make reports that are up to date again.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, and why.")
@click.option("--png", is_flag=True, help="Write each figure as PNG too.")
@click.option("--timeout", type=click.IntRange(1), default=900, show_default=True, help="Seconds a report may take.")
@click.option("--memory", type=click.IntRange(100), default=4000, show_default=True, help="Megabytes it may take.")
@click.option("--cluster", help="Address of a Dask scheduler, or 'local'; needs declined-detainers[cluster].")
@_data_dir
@_mendable
def run_command(
    notebook: tuple[str, ...],
    source_names: tuple[str, ...],
    weeks: str | None,
    states: tuple[str, ...],
    offences: tuple[str, ...],
    site_path: Path | None,
    out: Path,
    jobs: int,
    force: bool,
    dry_run: bool,
    png: bool,
    timeout: int,
    memory: int,
    cluster: str | None,
) -> None:
    """Make reports: all NOTEBOOKs on all sources and weeks, unless narrowed; profiles for one week and place."""
    if not (dry_run or cluster) and (force or not os.access(out / "index.html", os.F_OK)):  # all is to be made
        from analysis.run.parent import start_ahead

        click.get_current_context().call_on_close(start_ahead())
    from analysis.errors import unknown
    from analysis.load.sources import HINT, sources
    from analysis.run.batch import run
    from analysis.run.parameters import find_notebook, notebooks
    from analysis.run.planning import plan, what_is_due
    from analysis.run.tasks import Limits

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who stops it so means Ctrl-C
    if weeks is not None and not weeks.strip():
        raise InputError("the option --weeks is empty", do="Leave it out for all weeks, or name some")
    if dry_run and any(Path(name).exists() for name in source_names):
        raise InputError("a dry run imports nothing", do="Import the file first: `declines import FILE --name NAME`")
    if site_path and (notebook or source_names or weeks or states):
        raise InputError("a site file names its notebooks, sources, weeks and states itself", do="Leave out the others")
    source_names = tuple(_import_if_file(name) for name in source_names)
    known = sources()
    for name in source_names:
        if name not in known:
            raise unknown("source", name, known, more=HINT)
    settings = None
    if site_path:
        from analysis.run.sitefile import plan_site, read_site

        site = read_site(site_path)
        tasks, settings = plan_site(site, png=png), site.settings()
    else:
        chosen = [find_notebook(name) for name in notebook] or list(notebooks().values())
        tasks = plan(
            chosen,
            source_names=source_names,
            weeks=weeks,
            png=png,
            all_of_them=bool(notebook),
            **_places(states, offences),
        )
    if dry_run:
        due = what_is_due(tasks, out, force=force)
        for action, reason, task in due:
            if action != "current":
                click.echo(f"{action}  {task.entry.folder}: {reason}")
        click.echo(f"{sum(one.action != 'current' for one in due)} of {len(due)} reports are not up to date")
        return
    with _Progress(len(tasks)) as progress:
        limits = Limits(timeout, memory)
        try:
            results = run(tasks, out, jobs=jobs, force=force, limits=limits, cluster=cluster, report=progress.report)
        except KeyboardInterrupt:
            _write_index(out, settings)
            click.echo(f"stopped: {progress.done} of {len(tasks)} reports stand; the same command goes on", err=True)
            sys.exit(STOPPED_EXIT)
    if progress.made or not (out / "index.html").is_file():
        _write_index(out, settings)
    failed = [entry for entry in results.values() if entry.outcome == "failed"]
    click.echo(f"{len(results) - len(failed)} of {len(results)} reports stand under {out}; index: {out / 'index.html'}")
    for entry in failed:
        click.echo(f"failed: {entry.folder}: {entry.message}", err=True)
    if failed:
        sys.exit(FAILED_EXIT)


def _places(states: tuple[str, ...], offences: tuple[str, ...]) -> dict[str, list[str]]:
    """Find the states and offence groups that are named; ``each`` is every one."""
    if not (states or offences):
        return {}
    from analysis.run.sitefile import each_offence, each_state

    return {"states": each_state(states), "offences": each_offence(offences)}


def _write_index(out: Path, settings: Settings | None) -> None:
    """Write the site's pages over all reports of a folder."""
    from analysis.run.manifest import read_manifest
    from analysis.run.site import write_index

    write_index(out, read_manifest(out), settings)


def _import_if_file(given: str) -> str:
    """Import a source that is given as a file or folder; give its name."""
    path = Path(given)
    if not path.exists():
        return given
    from analysis.load.imports import import_release, name_of

    done = import_release([path], name_of(path), title=path.name, today=date.today())
    click.echo(done.text)
    return done.name


class _Progress:
    """A bar on a terminal, plain lines otherwise."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.made = total, 0, 0
        self.bar: Any = None

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.total, unit="report", dynamic_ncols=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def report(self, state: str, entry: Entry) -> None:
        """Show one more report as done."""
        self.done += 1
        self.made += state != "current"
        if self.bar is not None:
            self.bar.set_postfix_str(entry.folder)
            self.bar.update()
        elif state != "current":
            took = "" if state == "page" else f" ({entry.seconds:.1f} s)"
            click.echo(f"[{self.done}/{self.total}] {state} {entry.folder}{took}")
        if self.bar is None and state == "current" and self.done == self.total:
            click.echo(f"[{self.done}/{self.total}] all were up to date")


@main.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the differences to this file too.")
@_mendable
def compare_command(before: Path, after: Path, csv_path: Path | None) -> None:
    """Say what the reports under AFTER say otherwise than those under BEFORE: was, is, why."""
    import pandas as pd

    from analysis.run.revisions import compare_runs
    from analysis.show.revised import written
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
    from analysis.load.sources import sources
    from analysis.periods import Calendar
    from analysis.run.parameters import notebooks

    click.echo("Notebooks")
    for notebook in notebooks().values():
        click.echo(f"  {notebook.name}: {notebook.title}")
        for parameter in notebook.parameters:
            default = f"{parameter.kind.__name__} = {parameter.default!r}"
            click.echo(f"    {parameter.name}: {default}  {parameter.comment}")
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
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the source; a newer file under it becomes a new version.")
@click.option("--title", help="What reports call it  [default: the name].")
@click.option(
    "--extracted-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which ICE made the file  [default: as the files say].",
)
@_data_dir
@_mendable
def import_command(files: tuple[Path, ...], name: str, title: str | None, extracted_on: datetime | None) -> None:
    """Read a release (files or a folder), check it, and keep it as a source for `declines run --source NAME`."""
    from analysis.load.imports import import_release

    day = extracted_on.date() if extracted_on else None
    done = import_release(files, name, title=title or name, extracted_on=day, today=date.today())
    click.echo(done.text)


@main.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--previous", help="Name of an imported source to compare with.")
@click.option(
    "--extracted-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which ICE made the file  [default: as the files say].",
)
@_data_dir
@_mendable
def check_command(files: tuple[Path, ...], previous: str | None, extracted_on: datetime | None) -> None:
    """Say how good a release is: a scorecard, each line pass, warn or stop. Exit code 2 if any line stops."""
    from analysis.load.imports import check_release
    from analysis.load.quality import as_text, stops

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
    from analysis.load.reference import bundled_folder

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

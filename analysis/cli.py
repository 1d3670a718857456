"""The ``declines`` command: run the reports, list what there is, open the notebooks."""

from __future__ import annotations

from analysis import stops

stops.heed()  # while imports go on, which take a second; to the last line of this module

import os
import shutil
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load.reference import bundled_folder, crosswalk
from analysis.load.sources import DATA_DIR_VARIABLE, HINT, lock_of, sources
from analysis.periods import Calendar
from analysis.run import plan
from analysis.run.batch import run, use_address, working_in
from analysis.run.plan import Entry, Limits, Task, each, find_notebook, notebooks

if TYPE_CHECKING:  # what runs notebooks is imported by the command that does: `declines list` should come at once
    from analysis.run.site import Settings

_PATH = click.Path(path_type=Path)
FAILED_EXIT, INPUT_EXIT = 1, 2


class _Commands(click.Group):
    """The commands; what a user can mend becomes one line on the error stream and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        try:
            return super().invoke(ctx)
        except (InputError, OSError) as error:  # such as of a disk that is full
            click.echo(f"declines: {error}", err=True)
            ctx.exit(INPUT_EXIT)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Be the command of a process of its own."""
        stops.heed()
        stops.use_streams()
        try:
            return super().__call__(*args, **kwargs)
        finally:
            stops.heed_no_more()


def _remember(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Let this process and its kernels see the folder of imported sources."""
    if value is not None and "://" in value:
        use_address(value)
    elif value is not None:
        os.environ[DATA_DIR_VARIABLE] = str(Path(value).resolve())


def _not_empty(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an option that is given empty, such as by a variable that was not set."""
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty")
    return value


_data_dir = click.option(
    "--data-dir",
    expose_value=False,
    callback=_remember,
    help="Folder of imported sources, or its address  [default: the user's data folder].",
)
_extracted_on = click.option(
    "--extracted-on",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=lambda _context, _parameter, given: given and given.date(),
    help="Day on which ICE made the file  [default: as the files say].",
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="declined-detainers", prog_name="declines")
def main() -> None:
    """Weekly analyses of declined ICE detainers by state and offence type."""


def _tasks(asked: SimpleNamespace) -> tuple[list[Task], Settings | None]:
    """Work out the reports asked for, and what the site is called; sources given as files are imported."""
    if asked.dry_run and any(Path(name).exists() for name in asked.source_names):
        raise InputError("a dry run imports nothing", do="Import the file first: `declines import FILE --name NAME`")
    if asked.site_path:
        if any((asked.notebook, asked.source_names, asked.weeks, asked.period, asked.states, asked.offences)):
            what = "a site file names its notebooks, sources, weeks and states itself"
            raise InputError(what, do="Leave out the others")
        from analysis.run.site import plan_site

        return plan_site(asked.site_path, png=asked.png)
    names = []
    for name in asked.source_names:
        if (path := Path(name)).exists():
            from analysis.load.imports import import_release, name_of

            kept, told = import_release([path], name_of(path), title=path.name, today=date.today())
            click.echo(told)
            name = kept.facts.name
        names.append(name)
    if strange := [name for name in names if name not in sources()]:
        raise unknown("source", strange[0], sources(), more=HINT)
    states, offences = each("state", asked.states), each("offence", asked.offences)
    how: dict[str, Any] = {"source_names": names, "weeks": asked.weeks, "states": states, "offences": offences}
    how["periods"] = asked.period, asked.compare
    chosen = [[find_notebook(name)] for name in asked.notebook] or [list(notebooks().values())]
    return [task for some in chosen for task in plan.plan(some, **how, png=asked.png)], None


@main.command("run")
@click.argument("notebook", nargs=-1)
@click.option("--source", "source_names", multiple=True, help="Only this source, or a file to import; may be repeated.")
@click.option(
    "--weeks",
    callback=_not_empty,
    help="A Saturday, FIRST:LAST, 'latest', 'latest settled' or 'all'.  [default: all, of profiles the latest settled]",
)
@click.option(
    "--period", callback=_not_empty, help="Of a period_profile: 2015-03, 2015Q1, FIRST:LAST, 'last 13 settled'."
)
@click.option("--compare", callback=_not_empty, help="The period beside it  [default: as many weeks before].")
@click.option("--state", "states", multiple=True, help="A report for this state, or for 'each'; may be repeated.")
@click.option("--offence", "offences", multiple=True, help="The same for offence groups.")
@click.option("--site", "site_path", type=_PATH, help="A YAML file that names all reports of a site.")
@click.option(
    "--out", type=click.Path(file_okay=False), callback=_not_empty, default="reports", show_default=True, help="Folder."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Reports at a time [cores].")
@click.option("--force", is_flag=True, help="Make reports that are up to date again.")
@click.option("--verify", is_flag=True, help="Read every file that was written, and make again what was edited.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, and why.")
@click.option("--png", is_flag=True, help="Write each figure as PNG too.")
@click.option("--pdf", is_flag=True, help="Print each page as a tagged PDF too; needs declined-detainers[pdf].")
@click.option("--timeout", type=click.IntRange(1), default=900, show_default=True, help="Seconds a report may take.")
@click.option("--memory", type=click.IntRange(100), default=4000, show_default=True, help="Megabytes it may take.")
@click.option("--wait", is_flag=True, help="Wait where another run is at work on the same folder.")
@click.option("--cluster", help="Address of a Dask scheduler, or 'local'; needs declined-detainers[cluster].")
@_data_dir
def run_command(out: str, **options: Any) -> None:  # noqa: ANN401
    """Make reports: all NOTEBOOKs on all sources and weeks, unless narrowed; profiles for one week and place."""
    asked, folder = SimpleNamespace(**options), Path(out)
    tasks, settings = _tasks(asked)
    if asked.dry_run:
        due = plan.what_is_due(tasks, folder, force=asked.force, verify=asked.verify)
        ahead = [f"run  {task.entry.folder}: {reason}" for reason, task in due if reason]
        click.echo("\n".join([*ahead, f"{len(ahead)} of {len(due)} reports are not up to date"]))
        return
    if asked.pdf:
        from analysis.run.pdf import a_browser, print_pages

        with a_browser():  # or it is said before the first report that there is none
            pass
    done: list[str] = []

    def tell(state: str, entry: Entry) -> None:
        done.append(state)
        if state != "current":
            click.echo(f"[{len(done)}/{len(tasks)}] {state} {entry.folder} ({entry.seconds:.1f} s)")
        stops.say_when_stopped(f"stopped: {len(done)} of {len(tasks)} reports stand; the same command goes on")

    click.get_current_context().with_resource(working_in(folder, wait=asked.wait))
    limits = Limits(asked.timeout, asked.memory)
    how: dict[str, Any] = {"force": asked.force, "verify": asked.verify, "cluster": asked.cluster}
    results = run(tasks, folder, jobs=asked.jobs, limits=limits, report=tell, **how)
    if {*done} == {"current"}:
        click.echo(f"[{len(done)}/{len(done)}] all were up to date")
    if asked.pdf:
        click.echo(f"pages printed as PDF: {print_pages(folder, results.values())}")
    if plan.index_is_due(folder, settings):
        from analysis.run.site import write_index

        write_index(folder, plan.read_manifest(folder), settings)
    failed = [entry for entry in results.values() if entry.outcome == "failed"]
    stand = f"{len(results) - len(failed)} of {len(results)} reports stand under {folder}"
    click.echo(f"{stand}; index: {folder / 'index.html'}")
    for entry in failed:
        click.echo(f"failed: {entry.folder}: {entry.message}", err=True)
    sys.exit(FAILED_EXIT if failed else 0)


@main.command("compare")
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@click.option("--csv", "csv_path", type=_PATH, help="Write the differences to this file too.")
def compare_command(before: Path, after: Path, csv_path: Path | None) -> None:
    """Say what the reports under AFTER say otherwise than those under BEFORE: was, is, why."""
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
        table = pd.DataFrame(rows, columns=["report", "what", "was", "is", "why"])
        csv_path.write_text(as_csv(table), encoding="utf-8")


@main.command("list")
@click.option("--releases", is_flag=True, help="Show where ICE's releases are published instead.")
@_data_dir
def list_command(releases: bool) -> None:
    """Show the notebooks with their parameters, and the sources with their weeks."""
    if releases:
        for row in crosswalk("releases", "release_id").reset_index().itertuples():
            days = f"{row.first_day or '?'} to {row.last_day or '?'}" if row.first_day else "days not known"
            counts = [
                f"{int(n):,} {of}"
                for n, of in ((row.published_rows, "rows"), (row.published_declined, "declined"))
                if n
            ]
            click.echo(f"{row.release_id}, form {row.form}\n  {', '.join([row.publisher, days, *counts])}")
            click.echo(f"  {row.page or 'page not known'}\n{click.wrap_text(row.note, 98, '  ', '  ')}")
        click.echo("\nFrom its page, copy the link of a file: declines import LINK --name NAME")
        return
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
        told = f"weeks by day {source.facts.clock}: {weeks[0]} to {weeks[-1]}, {len(weeks)} weeks"
        told += f", partial: {', '.join(partial)}" if partial else ""
        told = told if source.facts.clock != "printed" else "figures without weeks"
        click.echo(f"  {name}: {source.facts.title}\n    {told}")


@main.command("import")
@click.argument("files", nargs=-1, required=True)
@click.option("--name", required=True, help="Name of the source; a newer file under it becomes a new version.")
@click.option("--title", help="What reports call it  [default: the name].")
@click.option(
    "--max-megabytes", "megabytes", type=click.IntRange(1), default=1000, show_default=True, help="Of an address."
)
@click.option("--wait", is_flag=True, help="Wait where another import under the name is at work.")
@_extracted_on
@_data_dir
def import_command(files: tuple[str, ...], name: str, title: str | None, wait: bool, **options: Any) -> None:  # noqa: ANN401
    """Read a release (files, a folder or addresses), check it, and keep it for `declines run --source NAME`."""
    from analysis.load.imports import import_release

    if wait:
        click.get_current_context().with_resource(lock_of(name, wait=True))
    click.echo(import_release(files, name, title=title or name, today=date.today(), **options)[1])


@main.command("check")
@click.argument("files", nargs=-1, required=True)
@click.option("--previous", help="Name of an imported source to compare with.")
@_extracted_on
@_data_dir
def check_command(files: tuple[str, ...], previous: str | None, extracted_on: date | None) -> None:
    """Say how good a release is: a scorecard, each line pass, warn or stop. Exit code 2 if any line stops."""
    from analysis.load.imports import check_release
    from analysis.load.quality import as_text, stops

    scorecard = check_release(files, previous=previous, extracted_on=extracted_on, today=date.today())
    click.echo(as_text(scorecard))
    sys.exit(INPUT_EXIT if stops(scorecard) else 0)


@main.command("lab", context_settings={"ignore_unknown_options": True})
@click.argument("jupyter_args", nargs=-1, type=click.UNPROCESSED)
@_data_dir
def lab_command(jupyter_args: tuple[str, ...]) -> None:
    """Open the notebooks in JupyterLab; further arguments go to `jupyter lab`.

    From a checkout the notebooks themselves are opened; from an installed package, copies in ./notebooks, which are
    never overwritten.
    """
    folder, mine = bundled_folder("notebooks"), Path.cwd() / "notebooks"
    if folder.parent.name == "_bundled":
        mine.mkdir(exist_ok=True)
        for path in folder.glob("*.ipynb"):
            if not (mine / path.name).exists():
                shutil.copyfile(path, mine / path.name)
        folder = mine
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of the same name elsewhere
    os.environ.setdefault("JUPYTER_DEFAULT_PROVISIONER_NAME", "declines-warm")
    code = "import analysis.run; from jupyterlab.labapp import main; main()"  # analysis.run: a slow import is kept out
    os.execv(sys.executable, [sys.executable, "-c", code, f"--notebook-dir={folder}", *jupyter_args])


stops.unheed()  # the command itself heeds them again

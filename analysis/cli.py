"""The ``declines`` command: run the reports, list what there is, open the notebooks.

What a command needs is imported by it, so that help and completion come at once.
"""

from __future__ import annotations

from analysis import stops

stops.signals("heeded")  # while imports go on, which take a second; to the last line of this module

import os
import shlex
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from analysis.errors import SHOWN, InputError
from analysis.files import DATA_DIR_VARIABLE, as_json, lock_of
from analysis.run.completion import IMPORTED, NOTEBOOK, OFFENCE, PERIOD, PLACE, REPORT, SOURCE, STATE, WEEKS

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it looks through all that is installed
if TYPE_CHECKING:
    from analysis.run.plan import Entry, Task
    from analysis.run.site import Settings

_PATH = click.Path(path_type=Path)
_json = click.option("--json", "as_document", is_flag=True, help="As one JSON document.")
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
        stops.signals("heeded")
        stops.use_streams()
        try:
            return super().__call__(*args, **kwargs)
        finally:
            stops.signals("ignored")


def _remember(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Let this process and its kernels see the folder of imported sources."""
    if value is not None and "://" in value:
        from analysis.run.batch import use_address

        if not context.resilient_parsing:  # as for completion, which must not wait
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
_out = click.option(
    "--out", type=click.Path(file_okay=False), callback=_not_empty, default="reports", show_default=True, help="Folder."
)


def _note_weeks(*given: str | None) -> None:
    """Say on the error stream which week was taken for a day that is no Saturday."""
    from analysis.periods import week_taken

    for note in filter(None, map(week_taken, filter(None, given))):
        click.echo(f"declines: {note}", err=True)


def _say_version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """Say which version this is, and of which commit."""
    if asked and not context.resilient_parsing:
        from analysis.run.terminal import version_here

        click.echo(f"declines {version_here()}")
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="Show the version."
)
@click.pass_context
def main(context: click.Context) -> None:
    """Weekly analyses of declined ICE detainers by state and offence type."""
    if os.environ.get("NO_COLOR"):
        context.color = False


def _tasks(asked: SimpleNamespace) -> tuple[list[Task], Settings | None]:
    """Work out the reports asked for, and what the site is called; sources given as files are imported."""
    from analysis.run import plan

    if asked.dry_run and any(Path(name).exists() for name in asked.source_names):
        raise InputError("a dry run imports nothing", do="Import the file first: `declines import FILE --name NAME`")
    if asked.site_path:
        if any(
            (asked.notebook, asked.folder, asked.source_names, asked.weeks, asked.period, asked.states, asked.offences)
        ):
            what = "a site file names its notebooks, sources, weeks and states itself"
            raise InputError(what, do="Leave out the others")
        from analysis.run.site import plan_site

        return plan_site(asked.site_path, png=asked.png)
    names = []
    for name in asked.source_names:
        if (path := Path(name)).exists():
            from analysis.load.imports import import_release, name_of

            kept, told = import_release([path], name_of(path), title=path.name, today=date.today())
            if not asked.quiet:
                click.echo(told.translate(SHOWN))
            name = kept.facts.name
        names.append(name)
    how: dict[str, Any] = {"source_names": names, "weeks": asked.weeks, "periods": (asked.period, asked.compare)}
    how |= {"states": asked.states, "offences": asked.offences}
    from analysis.run.notebooks import pick_notebooks

    chosen = pick_notebooks(asked.notebook, asked.folder)
    tasks = [task for some in chosen for task in plan.plan(some, **how, png=asked.png)]
    if left := {one.name for some in chosen for one in some if asked.folder} - {task.entry.notebook for task in tasks}:
        told = f"left out, for they do not fit the source and what else is asked for: {', '.join(sorted(left))}"
        click.echo(f"declines: {told}", err=True)
    return tasks, None


@main.command("run")
@click.argument("notebook", nargs=-1, type=NOTEBOOK)
@click.option(
    "--notebooks", "folder", type=_PATH, help="Folder of notebooks of your own; without a name, all of them alone."
)
@click.option("--source", "source_names", type=SOURCE, multiple=True, help="Only this one, or a file; may be repeated.")
@click.option(
    "--weeks",
    type=WEEKS,
    callback=_not_empty,
    help="A day of the week, a month, FIRST:LAST, 'last 4', 'last 4 settled', 'latest', 'latest settled' or 'all'.  "
    "[default: all, of profiles the latest settled]",
)
@click.option(
    "--period",
    type=PERIOD,
    callback=_not_empty,
    help="Of a period_profile: 2015-03, 2015Q1, FIRST:LAST, 'since FIRST', 'last 13 settled'.",
)
@click.option("--compare", type=PERIOD, callback=_not_empty, help="That beside it  [default: as many weeks before].")
@click.option("--state", "states", type=STATE, multiple=True, help="For this state, or 'each'; may be repeated.")
@click.option("--offence", "offences", type=OFFENCE, multiple=True, help="The same for offence groups.")
@click.option("--site", "site_path", type=_PATH, help="A YAML file that names all reports of a site.")
@_out
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Reports at a time [cores].")
@click.option("--force", is_flag=True, help="Make reports that are up to date again.")
@click.option("--verify", is_flag=True, help="Read every file that was written, and make again what was edited.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, and why.")
@_json
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what failed.")
@click.option("-v", "--verbose", is_flag=True, help="Say why each report is made.")
@click.option("--png", is_flag=True, help="Write each figure as PNG too.")
@click.option("--pdf", is_flag=True, help="Print each page as a tagged PDF too; needs declined-detainers[pdf].")
@click.option("--timeout", type=click.IntRange(1), default=900, show_default=True, help="Seconds a report may take.")
@click.option("--memory", type=click.IntRange(100), default=4000, show_default=True, help="Megabytes it may take.")
@click.option("--wait", is_flag=True, help="Wait where another run is at work on the same folder.")
@click.option("--cluster", help="Address of a Dask scheduler, or 'local'; needs declined-detainers[cluster].")
@_data_dir
def run_command(out: str, **options: Any) -> None:  # noqa: ANN401
    """Make reports: all NOTEBOOKs on all sources and weeks, unless narrowed; profiles for one week and place.

    NOTEBOOK is the name of one that `declines list` shows, or the path of one of your own.

    The document of --dry-run --json has the keys `due` (a number) and `reports`: of each its `report` (the folder),
    `notebook`, `source`, `parameters`, and the `reason` why it would be made, blank where it stands.
    """
    from analysis.run import plan
    from analysis.run.batch import run, working_in
    from analysis.run.lab import differing
    from analysis.run.terminal import coloured

    asked, folder = SimpleNamespace(**options), Path(out)
    say = (lambda _: None) if asked.quiet else click.echo
    if asked.as_document and not asked.dry_run:
        raise InputError("--json is of a dry run", do="Add --dry-run, or read manifest.json of the folder afterwards")
    _note_weeks(*[] if asked.quiet else (asked.weeks, asked.period, asked.compare))
    tasks, settings = _tasks(asked)
    if (edited := differing({task.notebook for task in tasks})) and not asked.quiet:
        click.echo(f"declines: {edited}", err=asked.as_document)
    due = []
    if asked.dry_run or asked.verbose:
        due = plan.what_is_due(tasks, folder, force=asked.force, verify=asked.verify)
    reasons = {task.entry.folder: reason for reason, task in due if reason}
    if asked.as_document:
        every = [
            {"report": of.entry.folder, "notebook": of.entry.notebook, "source": of.entry.source}
            | {"parameters": of.entry.parameters, "reason": reason}
            for reason, of in due
        ]
        click.echo(as_json({"due": len(reasons), "reports": every}), nl=False)
        return
    if asked.dry_run:
        ahead = [f"run  {name}: {reason}" for name, reason in reasons.items()]
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
            why = f": {reasons.get(entry.folder, '')}" if asked.verbose else ""
            say(coloured(f"[{len(done)}/{len(tasks)}] {state} {entry.folder} ({entry.seconds:.1f} s){why}"))
        stops.say_when_stopped(f"stopped: {len(done)} of {len(tasks)} reports stand; the same command goes on")

    click.get_current_context().with_resource(working_in(folder, wait=asked.wait))
    limits = plan.Limits(asked.timeout, asked.memory)
    how: dict[str, Any] = {"force": asked.force, "verify": asked.verify, "cluster": asked.cluster}
    results = run(tasks, folder, jobs=asked.jobs, limits=limits, report=tell, **how)
    if {*done} == {"current"}:
        say(f"[{len(done)}/{len(done)}] all were up to date")
    if asked.pdf:
        say(f"pages printed as PDF: {print_pages(folder, results.values())}")
    if plan.index_is_due(folder, settings):
        from analysis.run.site import write_index

        write_index(folder, plan.read_manifest(folder), settings)
    failed = [entry for entry in results.values() if entry.outcome == "failed"]
    stand = f"{len(results) - len(failed)} of {len(results)} reports stand under {folder}"
    say(f"{stand}; index: {folder / plan.INDEX}")
    for entry in failed:
        click.echo(coloured(f"failed: {entry.folder}: {entry.message}"), err=True)
    sys.exit(FAILED_EXIT if failed else 0)


@main.command("list")
@click.option("--releases", "where", is_flag=True, help="Show where ICE's releases are published instead.")
@_json
@_data_dir
def list_command(where: bool, as_document: bool) -> None:
    """Show the notebooks with their parameters, and the sources with their weeks.

    The document of --json has the keys `data_folder`; `notebooks`: `name`, `title` and `parameters` (`name`, `kind`,
    `default`, `comment`); and `sources`: `name`, `title`, `clock` (what a week means: issued, recorded, or printed, as
    there are none), `imported`, `version`, `weeks`, `partial`, `detainers`, `declined`, `synthetic`.
    """
    from analysis.run import terminal

    if where and as_document:
        raise InputError("--json is of the notebooks and the sources", do="Leave out --releases")
    if as_document:
        click.echo(as_json(terminal.what_there_is()), nl=False)
    else:
        click.echo("\n".join(terminal.releases() if where else terminal.listing()).translate(SHOWN))


@main.command("show")
@click.argument("place", type=PLACE)
@click.argument("period", default="latest settled", type=PERIOD)
@click.option("--source", default="fy2015", show_default=True, help="Its name.", type=SOURCE)
@_json
@_data_dir
def show_command(place: str, period: str, source: str, as_document: bool) -> None:
    """Show what is counted of a PLACE in a PERIOD, week by week, and what can be said of it.

    PLACE is a state by postal code or name, an offence group by id or label, or US for the nation; PERIOD is as after
    `declines run --period`, the latest settled week unless given.

    The document of --json has the keys `source`, `title`, `synthetic`, `place`, `place_name`, `period`, `first_day`,
    `last_day`, `issued`, `declined`, `share`, `share_low` and `share_high` (95 % interval), `status`, `headline`,
    `sentences`, and `weeks`: of each the `week`, the same counts, `usual_low`, `usual_high` and `status`.
    """
    from analysis.run import terminal

    _note_weeks(period)
    told = terminal.counts_of(place, period, source)
    click.echo(as_json(told) if as_document else "\n".join(terminal.counts_written(told)), nl=not as_document)


@main.command("open")
@click.argument("report", default="", type=REPORT)
@_out
def open_command(report: str, out: str) -> None:
    """Open the page of a REPORT in the browser, found by its folder or words of it; without one, the index."""
    import webbrowser

    from analysis.run.terminal import page_of

    page = page_of(Path(out), report)
    click.echo(page)
    if not webbrowser.open(page.resolve().as_uri()):
        click.echo("declines: no browser starts here; open the file yourself", err=True)


@main.group("sources")
def sources_command() -> None:
    """Keep the sources that were imported; `declines list` shows all."""


@sources_command.command("rm")
@click.argument("name", type=IMPORTED)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_data_dir
def remove_command(name: str, yes: bool) -> None:
    """Remove an imported source, all its versions: the files that imports wrote, and nothing else."""
    from analysis.run.terminal import imported_files, remove

    files = imported_files(name)
    folders = [str(folder) for folder in dict.fromkeys(path.parent for path in files)]
    click.echo(f"{len(files)} files of {name} would go:\n  " + "\n  ".join(folders), err=True)
    click.echo("What it was imported from stays, and so do reports that were made of it.", err=True)
    if yes or click.confirm("Remove them?", err=True):
        with lock_of(name):
            other = remove(files)
        click.echo(f"removed {name}" + f"; what no import wrote stays in {files[0].parents[1]}" * other)


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
    click.echo(import_release(files, name, title=title or name, today=date.today(), **options)[1].translate(SHOWN))


@main.command("check")
@click.argument("files", nargs=-1, required=True)
@click.option("--previous", help="Name of an imported source to compare with.", type=IMPORTED)
@_extracted_on
@_data_dir
def check_command(files: tuple[str, ...], previous: str | None, extracted_on: date | None) -> None:
    """Say how good a release is: a scorecard, each line pass, warn or stop. Exit code 2 if any line stops."""
    from analysis.load.imports import check_release
    from analysis.load.quality import STOP, as_text
    from analysis.run.terminal import coloured

    scorecard = check_release(files, previous=previous, extracted_on=extracted_on, today=date.today())
    click.echo(coloured(as_text(scorecard)))
    sys.exit(INPUT_EXIT if (scorecard["level"] == STOP).any() else 0)


@main.command("new")
@click.argument("path", type=_PATH)
@click.option("--each", "given", default="week", show_default=True, help="As week,state or week,offence.")
@click.option("--source", help="The one source that it is about  [default: any that fits].")
@_data_dir
def new_command(path: Path, given: str, source: str | None) -> None:
    """Make a notebook of your own, ready to run and to change: `declines new my_question` makes my_question.ipynb."""
    from analysis.run.lint import new_notebook

    wanted = [one.strip() for one in given.split(",")]
    made = shlex.quote(str(new_notebook(path, wanted, source)))
    every = "".join(f" --{one} each" for one in wanted if one != "week") or " --weeks all"
    click.echo(
        f"made {made}: change it in JupyterLab, or run it as it is\n  declines run {made}\n  declines run {made}{every}"
    )


@main.command("lint")
@click.argument("paths", metavar="NOTEBOOK...", nargs=-1, required=True, type=_PATH)
@click.option("--fix", is_flag=True, help="Mend what can be: outputs, ids, kernel, tag and block of metadata.")
def lint_command(paths: tuple[Path, ...], fix: bool) -> None:
    """Say what is wrong with notebooks, or with those of a folder. Exit code 1 if anything is."""
    from analysis.run.lint import look_at

    lines, wrong = look_at(paths, fix)
    click.echo("\n".join(lines))
    sys.exit(FAILED_EXIT if wrong else 0)


@main.command("lab", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[FOLDER] [JUPYTER OPTIONS]...")
@_data_dir
def lab_command(arguments: tuple[str, ...]) -> None:
    """Open a working copy of the notebooks in JupyterLab, in FOLDER  [default: declines-lab].

    It is made once and never overwritten, and what is edited in it changes no report. Options of `jupyter lab` follow.
    """
    from analysis.run.lab import open_lab

    open_lab(arguments)


_EXAMPLES = """\
run                                           all reports that are not up to date
run weekly_bulletin --source fy2015 --weeks 2015-06
run state_profile --weeks "last 4 settled" --state CO --state "New York"
run period_profile --period 2015-03 --compare 2015-01 --state CO
run --dry-run --json | jq .due
show CO 2015-01-03
show Texas "June 2015"
show DUI "latest settled" --source synthetic --json
open
open weekly_bulletin/fy2015/2015-06-20
open "state 2015-06-20 TX"
list
list --json | jq -r '.sources[].name'
import detainers.xlsx --name march-2026
import 2014.xlsx 2015.xlsx --name ice --extracted-on 2015-11-20
check detainers.xlsx --previous march-2026
sources rm march-2026
new my_question --each state,week
lint my_question.ipynb --fix
lab
lab ~/detainers --port 9000 --no-browser
"""
for _name, _command in [*main.commands.items(), ("sources", sources_command.commands["rm"])]:
    _lines = [f"  declines {line}" for line in _EXAMPLES.splitlines() if line.split()[0] == _name]
    _command.epilog = "\n".join(["\b", "Examples:", *_lines])
main.epilog = "\b\nExamples:\n  declines run\n  declines show CO 2015-01-03\n  declines open\n  declines run --help\n"
main.epilog += '  eval "$(_DECLINES_COMPLETE=bash_source declines)"      Tab completes from then on'

stops.signals("usual")  # the command itself heeds them again

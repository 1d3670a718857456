"""One small YAML file that is a whole site: which notebooks on which parameters, its title, its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StrictStr, ValidationError

from analysis.errors import InputError, unknown
from analysis.load.reference import names_of_groups, names_of_states
from analysis.load.sources import HINT, sources
from analysis.run.parameters import find_notebook, offence_of, state_of
from analysis.run.planning import plan
from analysis.run.site import TITLE, Settings
from analysis.run.tasks import Task

EACH = "each"
Places = list[StrictStr] | Literal["each"]


TEXT = "text in quotation marks"
EXPECTED = {
    "title": TEXT,
    "address": "a web address such as https://example.org/detainers/",
    "reports": "a list of at least one report",
    **dict.fromkeys(("notebook", "source", "weeks", "entry"), TEXT),
    **dict.fromkeys(("states", "offences"), "a list such as [TX, CA], or the word each"),
}
"""What should stand at the keys of a site file, and as an entry of their lists."""


class Asked(BaseModel):
    """Reports of one notebook: on one source or all that fit, for some weeks, and each of some states or offences."""

    model_config = ConfigDict(extra="forbid")
    notebook: StrictStr
    source: StrictStr | None = None
    weeks: StrictStr | None = None
    states: Places = []
    offences: Places = []


class SiteFile(BaseModel):
    """A site: its title, the address at which it will stand, and its reports in the order of the index."""

    model_config = ConfigDict(extra="forbid")
    title: StrictStr = TITLE
    address: HttpUrl | None = None
    reports: list[Asked] = Field(min_length=1)

    def settings(self) -> Settings:
        """Give what the pages of the site need."""
        return Settings(self.title, str(self.address or ""), tuple(dict.fromkeys(one.notebook for one in self.reports)))


def read_site(path: Path) -> SiteFile:
    """Read a site file.

    Raises
    ------
    InputError
        The file cannot be read, is no YAML, or says something that a site file does not have.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        what = f"the site file cannot be read as YAML ({error.problem})"
        raise InputError(what, file=path, place=line, do="Mend this line or the one before it") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("the site file cannot be read", file=path, found=str(error).splitlines()[0]) from error
    try:
        return SiteFile.model_validate(content)
    except ValidationError as error:
        raise _refused(path, text, error) from error


def _refused(path: Path, text: str, error: ValidationError) -> InputError:
    """Say what is wrong with a site file: the line, the report and the key, what stands there and what should."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")  # a misspelt key before a missing one
    steps = [step for step in first["loc"] if isinstance(step, int) or step.isidentifier()]  # the others name types
    names = [step if isinstance(step, str) else f"entry {step + 1}" for step in steps]
    if len(names) > 1:
        names[:2] = [names[1].replace("entry", "report")]
    found, kind = first["input"], first["type"]
    fields = Asked.model_fields if len(steps) > 1 else SiteFile.model_fields
    expected = EXPECTED.get("entry" if len(steps) > 3 else names[-1] if names else "", f"keys: {', '.join(fields)}")
    unquoted = isinstance(found, bool | date) and kind == "string_type"
    return InputError(
        {"missing": "this key is missing", "extra_forbidden": "there is no such key"}.get(kind, "this cannot be used"),
        file=path,
        place=", ".join([f"line {_line_of(text, steps)}", *names]),
        found=None if kind in ("missing", "extra_forbidden") else str(found) if unquoted else found,
        expected=f"keys: {', '.join(fields)}" if kind == "extra_forbidden" else expected,
        do="Quote it: YAML reads `NO` without quotation marks as false, and a day as a date" if unquoted else "",
    )


def _line_of(text: str, steps: Sequence[str | int]) -> int:
    """Find the line of a key or entry of a YAML text; of what is not there, that of what should hold it."""
    node, line = yaml.compose(text), 1
    for step in steps:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = key = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            key, node = next(((key, value) for key, value in node.value if key.value == step), (node, None))
        else:
            break
        line = key.start_mark.line + 1
    return line


def plan_site(site: SiteFile, *, png: bool = False) -> list[Task]:
    """Work out which reports a site asks for, each once.

    Raises
    ------
    InputError
        A notebook, source, week, state or offence group that there is not.
    """
    tasks: dict[str, Task] = {}
    for asked in site.reports:
        if asked.source is not None and asked.source not in sources():
            raise unknown("source", asked.source, sources(), more=HINT)
        for task in plan(
            [find_notebook(asked.notebook)],
            source_names=[asked.source] if asked.source else [],
            weeks=asked.weeks,
            states=each_state(asked.states),
            offences=each_offence(asked.offences),
            png=png,
        ):
            tasks.setdefault(task.entry.folder, task)
    return list(tasks.values())


def each_state(given: Sequence[str]) -> list[str]:
    """Find the states that a user means by their postal codes; ``each`` is every state and territory."""
    return _each(given, list(names_of_states()), state_of)


def each_offence(given: Sequence[str]) -> list[str]:
    """Find the offence groups that a user means by their ids; ``each`` is every one."""
    return _each(given, list(names_of_groups()), offence_of)


def _each(given: Sequence[str], known: list[str], find: Callable[[object], str]) -> list[str]:
    """Put what ``each`` stands for in its place."""
    names = [given] if isinstance(given, str) else given
    return list(dict.fromkeys(one for name in names for one in (known if name == EACH else [find(name)])))

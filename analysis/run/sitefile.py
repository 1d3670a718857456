"""One small YAML file that is a whole site: which notebooks on which parameters, its title, its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StrictStr, ValidationError

from analysis.errors import InputError, unknown
from analysis.load.names import names_of_groups, names_of_states
from analysis.load.offences import group_named
from analysis.load.sources import HINT, sources
from analysis.load.vocabulary import state_or_all
from analysis.run.parameters import find_notebook
from analysis.run.planning import plan
from analysis.run.site import TITLE, Settings
from analysis.run.tasks import Task

EACH = "each"
Places = list[StrictStr] | Literal["each"]


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
        return SiteFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("the site file cannot be read", file=path, found=str(error).splitlines()[0]) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            first["msg"],
            file=path,
            place=".".join(str(part) for part in first["loc"]),
            found=first["input"],
            do="Quote the weeks and states; `NO` without quotation marks is false in YAML",
        ) from error


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
    return _each(given, list(names_of_states()), state_or_all)


def each_offence(given: Sequence[str]) -> list[str]:
    """Find the offence groups that a user means by their ids; ``each`` is every one."""
    return _each(given, list(names_of_groups()), group_named)


def _each(given: Sequence[str], known: list[str], find: Callable[[object], str]) -> list[str]:
    """Put what ``each`` stands for in its place."""
    names = [given] if isinstance(given, str) else given
    return list(dict.fromkeys(one for name in names for one in (known if name == EACH else [find(name)])))

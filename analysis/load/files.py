"""What is known of a bundled file: its origin, and whether it is the one that the origin describes."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.errors import InputError
from analysis.load.reference import RESTORE

YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SourceFacts(BaseModel):
    """What the origin file of a source says about it as a whole.

    ``clock`` tells what its weeks mean: detainers by the week they were ``issued``, or declines by the week they were
    ``recorded``. ``detainers`` and ``declined`` are the totals that the rows must add up to. ``offences``, ``outcomes``
    and ``lift_dates`` tell whether the source records offences, how detainers ended, and on which day. Where
    ``extracted_known`` is false, ``extracted_on`` is the newest day of issue or of an end, for computing and never to
    be printed.
    ``citation`` is what its publisher asks to be cited as; blank = nothing that we know of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    clock: Literal["issued", "recorded"]
    first_day: date
    last_day: date
    extracted_on: date
    extracted_known: bool = True
    detainers: int
    declined: int
    synthetic: bool
    offences: bool
    outcomes: bool = True
    lift_dates: bool = False
    citation: str = ""


def as_cited(facts: SourceFacts, sha256: str) -> dict[str, str]:
    """Give what a report says of its source where it says how to be cited: name, title, hash, and citation if any."""
    told = {"name": facts.name, "title": facts.title, "sha256": sha256}
    return told | ({"citation": facts.citation} if facts.citation else {})


class Origin(BaseModel):
    """What is known of a file: who made it, how its figures were obtained, what a row and a blank mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    title: str
    producer: str
    document: str
    document_date: str | date
    reference: str | list[str]
    obtained: str
    licence: str
    accessed: str | date
    sha256: str
    row: str
    blank: str
    notes: str | None = None
    source: SourceFacts | None = None


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def origin_of(path: Path) -> Origin:
    """Read the origin file beside ``path`` (``<name>.origin.yml``).

    Raises
    ------
    InputError
        It is missing, not YAML, or lacks a key.
    """
    beside = path.with_name(path.name + ".origin.yml")
    try:
        return Origin.model_validate(yaml.load(beside.read_text(encoding="utf-8"), YAML))
    except FileNotFoundError as error:
        raise InputError("the origin file is missing", file=beside, do=RESTORE) from error
    except yaml.YAMLError as error:
        raise InputError("the origin file is not YAML", file=beside, found=str(error), do=RESTORE) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            first["msg"], file=beside, place="key " + ".".join(str(part) for part in first["loc"]), do=RESTORE
        ) from error


def check_hash(path: Path) -> str:
    """Hold a bundled file against the hash in its origin file; give the hash back.

    Raises
    ------
    InputError
        The file's bytes are not those that the origin file describes.
    """
    found, expected = sha256_of(path), origin_of(path).sha256
    if found != expected:
        raise InputError(
            "the file is not the one its origin file describes",
            file=path,
            found=f"sha256 {found}",
            expected=f"sha256 {expected}",
            do="Restore the file; if the change is meant, put the new hash into the origin file",
        )
    return found

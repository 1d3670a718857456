"""Mutated release files of every type: each ends in the same totals, in a warning or a sentence, within its limits."""

from __future__ import annotations

import csv
import os
import random
import resource
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow.feather
import pyreadstat
import pytest
from release_forms import A, cells, some_rows, text, write_release

from analysis.errors import InputError
from analysis.load.quality import WARN, scorecard
from analysis.load.readers import bounded
from analysis.load.reference import crosswalk
from analysis.load.releases import open_release
from analysis.load.table import Outcome

FILES = int(os.environ.get("DECLINES_FUZZ", "300"))
"""How many files are mutated; 2,000 before a release."""
MOST_GB, MOST_SECONDS = 2, 10  # of computing, a file


class Found(NamedTuple):
    """What a file was read as: its rows, those recorded as declined, and all that is told of it."""

    rows: int
    declined: int
    told: frozenset[tuple[str, str]]


def found_in(path: Path) -> Found:
    release = open_release(path)
    card = scorecard(release, extracted_on=release.extracted_on)
    told = {(str(row.check), str(row.found)) for row in card[card["level"] == WARN].itertuples()}
    told |= {(str(row.what), str(row.rows)) for row in release.changes.itertuples()}
    told |= {(str(row.sheet), f"{row.rows} {row.note}") for row in release.sheets.itertuples() if row.note}
    return Found(len(release.table), int((release.table["outcome"] == Outcome.DECLINED).sum()), frozenset(told))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small releases, one of every type of file."""
    folder = tmp_path_factory.mktemp("originals")
    laid_out = cells("A", some_rows())
    frame = pd.DataFrame(laid_out, columns=A, dtype=object).fillna("").astype("str")
    plain = frame.rename(columns=lambda name: name.lower().replace(" ", "_")[:32])
    paths = [text(folder / "a.csv", A, laid_out), text(folder / "a.tsv", A, laid_out, delimiter="\t")]
    paths += [folder / f"a.{kind}" for kind in ("parquet", "feather", "dta", "sav", "zip")]
    frame.astype("category").to_parquet(paths[2])
    pyarrow.feather.write_feather(frame, paths[3], compression="zstd")
    pyreadstat.write_dta(plain, str(paths[4]))
    pyreadstat.write_sav(plain, str(paths[5]), row_compress=True)
    with zipfile.ZipFile(paths[6], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(paths[2], "a.parquet")
    return [*paths, write_release("F", some_rows(), folder)]


def flipped(data: bytes, dice: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 8])):
        broken[dice.randrange(4, len(data))] ^= 1 << dice.randrange(8)
    return bytes(broken)


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def spliced(data: bytes, dice: random.Random) -> bytes:
    """Put a piece of the file in another place of it, over what stands there or between."""
    start, to = dice.randrange(len(data)), dice.randrange(4, len(data))
    piece = data[start : start + dice.choice([1, 16, 256, 4096])]
    return data[:to] + piece + data[to + dice.choice([0, len(piece), 2 * len(piece)]) :]


def length_changed(data: bytes, dice: random.Random) -> bytes:
    """Put a number in the place of one, as large or small as a length can be."""
    wide, at = dice.choice([1, 2, 4, 8]), dice.randrange(4, len(data))
    number = dice.choice([0, 1, 2 ** (8 * wide - 1) - 1, 2 ** (8 * wide - 1), 2 ** (8 * wide) - 1, 2 ** (4 * wide)])
    return data[:at] + number.to_bytes(wide, dice.choice(["little", "big"])) + data[at + wide :]


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [flipped, cut, spliced, length_changed]


def in_a_member(data: bytes, dice: random.Random) -> bytes:
    """Mutate one part of a zip file, whose checksum is then right."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(parts))
    parts[name] = dice.choice(MUTATIONS)(parts[name], dice)
    with zipfile.ZipFile(changed := BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return changed.getvalue()


def mutated(data: bytes, dice: random.Random) -> tuple[bytes, str]:
    packed = [in_a_member] * 4 if data.startswith(b"PK") else []
    how = dice.choice([*MUTATIONS, *packed])
    return how(data, dice), how.__name__


def in_text(path: Path) -> tuple[int, int]:
    """Count the rows of separated text, and those recorded as declined, with Python's own reader."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
    ends = Counter(row[header.index("Detainer Lift Reason")] for row in rows if row)
    outcomes = crosswalk("lift_reasons", "value")["outcome"]
    return ends.total(), sum(rows for end, rows in ends.items() if outcomes.get(end.strip()) == Outcome.DECLINED)


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no child")
def test_no_mutated_file_takes_the_command_down_or_gives_other_totals_unsaid(
    originals: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    whole = {path: found_in(path) for path in originals}  # here, so that no child reads the reference tables again
    ends = Counter[str]()
    for number in range(FILES):
        dice, path = random.Random(number), originals[number % len(originals)]
        data, how = mutated(path.read_bytes(), dice)
        (broken := tmp_path / path.name).write_bytes(data)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said, found = "", None
        try:
            found = bounded(partial(found_in, broken), [broken])
        except InputError as error:
            said = str(error)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        case = f"{number}, {path.name} {how}: {said or found}"
        assert seconds < MOST_SECONDS, case
        assert after.ru_maxrss < MOST_GB * 10**6, case
        if found is None:
            assert broken.name in said, case
            assert "\n" not in said, case
            ends["broke off" if "broke off" in said else "refused"] += 1
        elif found[:2] == whole[path][:2]:
            ends["same totals"] += 1
        elif found.told - whole[path].told:
            ends["other totals, told"] += 1
        else:  # another file, whole, as its type has no checksum that would tell
            assert how == in_a_member.__name__ or path.suffix not in (".xlsx", ".zip"), case
            assert path.suffix not in (".csv", ".tsv") or found[:2] == in_text(broken), case
            ends["another file"] += 1
    print(f"of {FILES} mutated files: {dict(ends)}")  # for `pytest -s`

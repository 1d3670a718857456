"""Release files, here or at an address, to stored sources: read once, check, keep; and the scorecard alone."""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from email.message import Message
from functools import cache
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd
from fsspec.core import url_to_fs
from tqdm import tqdm

from analysis.errors import InputError
from analysis.files import data_folder, lock_of, private_folder, sha256_of
from analysis.load.columns import refusal
from analysis.load.offences import classify
from analysis.load.quality import STOP, WARN, as_text, last_known_day, read_scorecard, scorecard
from analysis.load.readers import SUFFIXES, bounded
from analysis.load.releases import Release, open_release
from analysis.load.sources import Document, Origin, Source, SourceFacts, sources, store, versions
from analysis.load.table import Outcome, as_table

SAMPLE = "SAMPLE "  # so begins every facility of a made-up release
CITATION = "government data provided by ICE in response to a FOIA request to the Deportation Data Project"
CITED_FORMS = ("D", "E", "F", "G", "processed")  # one publisher alone publishes these, and asks to be cited so
MOST_MEGABYTES = 1_000  # ICE's yearly workbooks have a tenth of it
SECONDS_SILENT = 60  # that a server may take for its next bytes; the whole may take as long as it likes


def name_of(path: Path) -> str:
    """Make a source's name from a file's, the suffixes left out."""
    return _usable(path.name.split(".")[0]) or "release"


def check_release(
    paths: Sequence[str | Path],
    *,
    previous: str | None = None,
    extracted_on: date | None = None,
    today: date | None = None,
) -> pd.DataFrame:
    """Read a release and give its scorecard, beside an imported source named ``previous``, if any."""
    earlier = versions(_checked_name(previous)) if previous is not None else []
    if previous is not None and not earlier:
        raise InputError(f"no imported source is named {previous!r}", do="`declines list` shows all sources")
    with local_files(paths) as files:
        late = extracted_on or today
        return bounded(lambda: _checked(open_release(files, not_after=late), extracted_on, earlier), files)


def import_release(
    paths: Sequence[str | Path],
    name: str,
    *,
    title: str,
    extracted_on: date | None = None,
    today: date | None = None,
    megabytes: int = MOST_MEGABYTES,
) -> tuple[Source, str]:
    """Read a release, check it, keep it as the newest version of a source, and say so; the same files do nothing.

    Paths, or addresses (text with ``://``) that give no more than so many ``megabytes``. Where ``extracted_on`` is not
    given and the files do not say it, the newest day of issue or of an end stands for it.
    """
    with lock_of(_checked_name(name)):
        known = sources().get(name)
        if known is not None and known.version == 0:
            raise InputError("a bundled source has that name", found=name, do="Give the release another name")
        addresses = {shown(str(path)): None for path in paths if "://" in str(path)}
        fetched = {"obtained": f"fetched from {', '.join(addresses)}", "accessed": date.today()} if addresses else {}
        with local_files(paths, megabytes) as given:
            told = {"title": title, **fetched}
            _warm()
            return bounded(lambda: _imported(given, name, told, extracted_on, today), given)


@cache
def _warm() -> None:
    """Make ready what every release is read with; else each child would do so anew."""
    as_table(pd.DataFrame())
    classify(pd.DataFrame({"offence_text": ["no ofence"]}))


def _imported(
    given: Sequence[Path], name: str, told: dict[str, Any], extracted_on: date | None, today: date | None
) -> tuple[Source, str]:
    """Do what :func:`import_release` says with files that are here; ``told`` is what its origin is to say of them."""
    files = [file for path in given for file in (path.iterdir() if path.is_dir() else [path])]
    if missing := [file for file in files if not file.exists()]:
        raise InputError("there is no such file", file=missing[0], do="Check the path")
    # by content alone, however often given
    hashes = _hashes(files)
    digest, earlier = hashlib.sha256("\n".join(hashes).encode()).hexdigest(), versions(name)
    for same in [one for one in earlier if one.origin.reference == f"sha256 {digest}"][-1:]:
        text = f"{name}: version {same.version} was made from the same files"
        if same is not earlier[-1]:
            text += f"; version {earlier[-1].version} remains the newest, and is what `declines run` uses"
        return same, text
    release = open_release(given, not_after=extracted_on or today)
    folder = data_folder() / name / f"v{earlier[-1].version + 1 if earlier else 1:03d}"
    origin = _origin(release, name, told["title"], extracted_on or release.extracted_on, digest)

    def checked() -> pd.DataFrame:
        if _hashes(files) != hashes:  # else another file than the one read would be named and known again
            do = "Import it again when it is complete"
            raise InputError("the file changed while it was read", file=", ".join(map(str, given)), do=do)
        card = _checked(release, extracted_on, earlier)
        if (card["level"] == STOP).any():
            do = "Mend the file or the crosswalk\n" + as_text(card)
            raise InputError("the release is not imported: a check stops it", do=do)
        return card

    kept = store(release.table, checked, origin.model_copy(update=told), folder)
    warnings = int((read_scorecard(kept.scorecard)["level"] == WARN).sum())
    said = f"{len(release.table):,} rows in form {release.form}, {warnings} warning{'s' if warnings != 1 else ''}"
    return kept, f"{name}: version {kept.version}, {said}"


def _hashes(files: Sequence[Path]) -> list[str]:
    """Hash the files that are there, each content once."""
    return sorted({sha256_of(file) for file in files if file.is_file()})


def _checked(release: Release, extracted_on: date | None, earlier: Sequence[Source]) -> pd.DataFrame:
    """Give the scorecard of a release, beside the newest of the earlier versions."""
    previous = earlier[-1].detainers() if earlier else None
    return scorecard(release, extracted_on=extracted_on or release.extracted_on, previous=previous)


def _usable(text: str) -> str:
    """Make a name of a source from a text; empty where the text has no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40].rstrip("-")


def _checked_name(name: str) -> str:
    """Hold the name of a source against what a folder and an address can carry; the nearest name is told."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        expected, do = "up to 40 lower-case letters, digits and hyphens", f"Use {_usable(name)!r}" * bool(_usable(name))
        raise InputError("the name of the source cannot be used", found=name, expected=expected, do=do)
    return name


def _origin(release: Release, name: str, title: str, extracted_on: date | None, digest: str) -> Origin:
    """Say where an imported table came from."""
    table = release.table
    synthetic = any(agency.startswith(SAMPLE) for agency in table["agency"].cat.categories)  # and be it in part
    issued = table["issued_on"].dropna()
    given = release.sheets[release.sheets["rows"] > 0].drop_duplicates("file")
    files = [f"{row.file} (sha256 {row.sha256})" for row in given.itertuples()]
    facts = SourceFacts(
        name=name,
        title=title,
        clock="issued",
        first_day=issued.min().date(),
        last_day=issued.max().date(),
        extracted_on=extracted_on or last_known_day(table),
        extracted_known=extracted_on is not None,
        detainers=len(issued),
        declined=int((table["outcome"][issued.index] == Outcome.DECLINED).sum()),
        synthetic=synthetic,
        offences="offence_group" not in release.gaps and bool(table["offence_detail"].notna().any()),
        outcomes="lift_reason" not in release.gaps,
        lift_dates=bool(table["lifted_on"].notna().any()),
        citation=CITATION if release.form in CITED_FORMS and not synthetic else "",
    )
    return Origin(
        title=title,
        producer="synthetic generator of this project" if synthetic else "U.S. Immigration and Customs Enforcement",
        document="; ".join(files),
        document_date=extracted_on or "not known",
        reference=f"sha256 {digest}",
        obtained="imported from the files named under document",
        licence="not stated by the files",
        accessed="not recorded",
        sha256="",
        row="one detainer",
        blank="as in analysis.load.table",
        made_from=Document(file=", ".join(given["file"]), sha256=digest if len(given) > 1 else given["sha256"].iloc[0]),
        source=facts,
    )


def shown(address: str) -> str:
    """Write an address without what lets in who knows it: name and password, keys and signatures."""
    secret = r"(?i)([?&][^=&#]*(?:token|key|sig|secret|passw|credential|auth)[^=&#]*=)[^&#]*"
    return re.sub(secret, r"\1...", re.sub(r"(?<=://)[^/?#]*@", "", address))


@contextmanager
def local_files(given: Sequence[str | Path], megabytes: int = MOST_MEGABYTES) -> Iterator[list[Path]]:
    """Give files as they are and those at an address fetched; these are gone when the block ends, however it does."""
    with ExitStack() as kept:
        files = [_fetched(str(one), megabytes, kept) if "://" in str(one) else Path(one) for one in given]
        try:
            yield files
        except InputError as error:  # which names a file that is gone when it is read
            said = str(error)
            for file, one in zip(files, given, strict=True):
                said = said.replace(str(file), shown(str(one)))
            raise InputError(said) from error


def _fetched(address: str, megabytes: int, kept: ExitStack) -> Path:
    """Fetch one file under the name that its server gives it, redirects followed; refuse what is not all of it."""
    folder = kept.enter_context(private_folder())
    path, declared, come = folder / "release", 0, 0
    options, how = dict[str, Any](), dict[str, Any]()
    if address.startswith("http"):
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, connect=SECONDS_SILENT, sock_read=SECONDS_SILENT)
        options = {"client_kwargs": {"timeout": timeout, "trust_env": True}}
        how = {"block_size": 0, "size": 1}  # one request for all of it, without asking for its size before
    bar = tqdm(desc="fetching", unit="B", unit_scale=True, leave=False, disable=None)  # None: but on a terminal
    try:
        files, place = url_to_fs(address, **options)
        with bar, files.open(place, **how) as remote, path.open("wb") as local:
            path.chmod(0o600)
            told, last = (remote.r.headers, str(remote.r.url)) if how else ({}, address)
            if how and remote.r.status == 206:  # a part, which nobody asked for
                raise EOFError
            declared = bar.total = int(told.get("Content-Length", 0)) if how else remote.size
            while (found := max(declared, come)) <= megabytes * 10**6 and (part := remote.read(2**20)):
                come += local.write(part)
                bar.update(len(part))
    except (ImportError, ValueError) as error:  # fsspec names the package that it misses
        raise refusal("address_kind", shown(address), said=error) from error
    except FileNotFoundError as error:
        raise refusal("address_empty", shown(address)) from error
    except Exception as error:  # every kind of address has errors of its own
        if getattr(error, "errno", None) == errno.ENOSPC:  # here, which the folder's own error says
            raise
        said, file = getattr(error, "message", "") or str(error) or type(error).__name__, shown(address)
        if status := getattr(error, "status", None):
            raise refusal("not_given", file, found=f"{status} {said}") from error
        if path.exists():  # the server has begun
            raise refusal("cut_off", file, size=f"{declared:,} bytes" * bool(declared)) from error
        if getattr(error, "history", ()):
            raise refusal("redirected", file) from error
        raise refusal("no_connection", file, found=said) from error
    if found > megabytes * 10**6:
        raise refusal("too_many_bytes", shown(address), bytes=found, megabytes=megabytes)
    return path.rename(folder / _name(told.get("Content-Disposition", ""), last, address))


def _name(disposition: str, *addresses: str) -> str:
    """Choose a file's name, with a suffix if any has one: its server's, or that of the last address or the first."""
    header = Message()
    header["Content-Disposition"] = disposition
    given = [header.get_filename("").replace("\\", "/"), *(unquote(urlsplit(one).path) for one in addresses)]
    names = [re.sub(r"[^\w.() -]", "_", PurePosixPath(one).name).lstrip(".")[-100:] for one in given]
    known = tuple(chain.from_iterable(SUFFIXES.values()))
    return next(
        (name for name in names if name.lower().endswith((*known, ".zip"))), next(filter(None, names), "release")
    )

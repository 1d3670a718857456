"""Files of any room: where they stand, written whole or not at all, by one process at a time, hashed, as JSON."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import Literal
from uuid import uuid4

from platformdirs import user_data_path

from analysis.errors import InputError
from analysis.stops import stopped_or_done

DATA_DIR_VARIABLE = "DECLINES_DATA_DIR"
DRAFT, NEW, OLD = ".declines-", ".declines-new", ".declines-old"
"""What is being written, or is about to go, has its own name with a dot before it and one of these after it."""
LOCK, HOLDER = ".declines.lock", ".declines.lock.json"
"""A lock, and who holds it: this stays when that process is killed."""
_PACKAGE = Path(__file__).resolve().parent


def bundled_folder(name: Literal["data", "notebooks"]) -> Path:
    """Find a folder that ships with the package: in a wheel inside it, in a checkout beside it."""
    places = _PACKAGE / "_bundled" / name, _PACKAGE.parent / name
    for folder in places:
        if folder.is_dir():
            return folder
    expected = " or ".join(map(str, places))
    raise InputError(f"the bundled folder {name!r} is missing", expected=expected, do="Install the package again")


def data_folder() -> Path:
    """Give the folder of imported sources: ``DECLINES_DATA_DIR`` if set, else the user's own data folder."""
    given = os.environ.get(DATA_DIR_VARIABLE)
    return Path(given) if given else user_data_path("declined-detainers", appauthor=False)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, flush it to disk, then rename it: no reader ever meets half of it."""
    write_all({path: content})


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files as :func:`write_whole` does, all of them before the first is renamed."""
    drafts = {path: path.with_name(f".{path.name}{DRAFT}{uuid4().hex}") for path in files}
    with stopped_or_done(lambda: _gone(*drafts.values())):
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(files[path])
        flush(drafts.values())
        for path, draft in drafts.items():
            draft.replace(path)


def write_folder(folder: Path, files: Mapping[str, bytes], ours: Iterable[str] = ()) -> None:
    """Write the files of a folder beside it, flush them to disk, and put it in the place of the one before.

    Of what stood there those that are ``ours`` go; what a user has put there stays.
    """
    _put_right(folder)
    draft, aside = (folder.with_name(f".{folder.name}{end}") for end in (NEW, OLD))
    stays = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    try:
        for name, content in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        for path in stays:
            name = path.relative_to(folder).as_posix()
            if name not in {*files, *ours} and DRAFT not in name:
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, draft / name, follow_symlinks=False)
        flush(path for path in (draft, *draft.rglob("*")) if not path.is_symlink())
        if folder.exists():
            folder.rename(aside)
        draft.rename(folder)
        flush([folder.parent])
    finally:
        _put_right(folder)


def _put_right(folder: Path) -> None:
    """Take away what was being put in the place of a folder, and put it back where it had been moved aside."""
    draft, aside = (folder.with_name(f".{folder.name}{end}") for end in (NEW, OLD))
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    for path in (draft, aside):
        shutil.rmtree(path, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Put right what a process that died left half-done below a folder."""
    for path in sorted(folder.rglob(f".*{DRAFT}*")):
        if path.name.endswith((NEW, OLD)):
            _put_right(path.with_name(path.name[1 : path.name.index(DRAFT)]))
        else:
            path.unlink(missing_ok=True)


def _gone(*paths: Path) -> None:
    """Take files away that may be there."""
    for path in paths:
        path.unlink(missing_ok=True)


def flush(paths: Iterable[Path]) -> None:
    """Have files and folders on disk, not only on their way; several at a time, which takes a sixth of the time."""
    from concurrent.futures import ThreadPoolExecutor  # here, as filelock below: completion writes nothing

    def flushed(path: Path) -> None:
        if os.name == "posix" or path.is_file():  # elsewhere a folder cannot be opened
            number = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
            try:
                os.fsync(number)
            finally:
                os.close(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flushed, paths))


@contextmanager
def locked(folder: Path, name: str = "", *, wait: bool = False) -> Iterator[bool | None]:
    """Be the only process that writes in a folder, or what has a ``name`` there; say whether the one before was killed.

    A second one is told who holds the lock since when, or waits. Where this process holds it already, None is said.
    """
    from filelock import FileLock, Timeout

    about = f"{name and '.'}{name}"
    lock, held = FileLock(folder / f"{about}{LOCK}", is_singleton=True), folder / f"{about}{HOLDER}"
    if lock.is_locked:
        yield None
        return
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        try:
            who = "process {pid} on {host} since {since}".format(**json.loads(held.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            who = "another process, which does not say which"
        if not wait:
            do = "Wait for it with --wait, or stop it"
            raise InputError("another run writes here", file=folder / name, found=who, do=do) from error
        print(f"declines: waiting for {who}, which writes {folder / name}", file=sys.stderr, flush=True)
        lock.acquire()
    killed = held.is_file()
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    try:
        write_whole(held, as_json({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        with stopped_or_done(lambda: _gone(held, Path(lock.lock_file))):
            yield killed
    finally:
        lock.release()


@contextmanager
def scratch_folder(within: Path, prefix: str) -> Iterator[Path]:
    """Make a folder of the owner alone that goes when the block ends, however it does; those of the dead go first."""
    from filelock import FileLock, Timeout

    for left in within.glob(f"{prefix}*/"):
        with suppress(OSError, Timeout), FileLock(left / LOCK, timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    while True:
        lock = FileLock((folder := Path(mkdtemp(prefix=prefix, dir=within))) / LOCK)
        with suppress(FileNotFoundError):
            lock.acquire()
        if (folder / LOCK).exists():  # else it was taken for one of the dead
            break
    with lock, stopped_or_done(lambda: shutil.rmtree(folder, ignore_errors=True)):
        yield folder


@contextmanager
def private_folder(within: Path | None = None) -> Iterator[Path]:
    """Make a scratch folder among imported sources, or ``within`` another folder of sources."""
    within = within or data_folder()
    with _made(within), scratch_folder(within, ".import-") as folder:
        yield folder


@contextmanager
def lock_of(name: str, *, wait: bool = False) -> Iterator[None]:
    """Be the only one that changes the source of a name; where another does, say who, or wait."""
    with _made(data_folder()), locked(data_folder(), name, wait=wait):
        yield


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder of data, of the owner alone, where there is none; it goes again if nothing came of it."""
    made = not folder.exists()
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        do = "Give another with --data-dir"
        raise InputError(f"the data folder cannot be written: {error.strerror}", file=folder, do=do) from error
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        do = "Make room there, or give another folder with --data-dir"
        raise InputError("the disk of the data folder is full", file=folder, do=do) from error
    finally:
        if made:
            with suppress(OSError):
                folder.rmdir()


def as_json(content: object) -> bytes:
    """Write JSON for people and programs: one value a line, in the order given."""
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace")


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Release files at an address: fetched whole into the data folder, kept there for as long as they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from fsspec.core import url_to_fs
from tqdm import tqdm

from analysis.errors import InputError
from analysis.files import scratch_folder
from analysis.load.sources import data_folder, made_folder

MOST_MEGABYTES = 1_000  # ICE's yearly workbooks have a tenth of it
SECONDS_SILENT = 60  # that a server may take for its next bytes; the whole may take as long as it likes
PAGES = "copy the link of the file itself from its publisher's page (`declines list --releases` names the pages)"


def is_address(given: object) -> bool:
    """Tell an address (``https://``, ``s3://``) from the path of a file."""
    return isinstance(given, str) and "://" in given


def shown(address: str) -> str:
    """Write an address without what lets in who knows it: name and password, keys and signatures."""
    secret = r"(?i)([?&][^=&#]*(?:token|key|sig|secret|passw|credential|auth)[^=&#]*=)[^&#]*"
    return re.sub(secret, r"\1...", re.sub(r"(?<=://)[^/?#]*@", "", address))


@contextmanager
def local_files(given: Sequence[str | Path], megabytes: int = MOST_MEGABYTES) -> Iterator[list[Path]]:
    """Give files as they are and those at an address fetched; these are gone when the block ends, however it does."""
    with ExitStack() as kept:
        files = [_fetched(str(one), megabytes, kept) if is_address(one) else Path(one) for one in given]
        try:
            yield files
        except InputError as error:  # which names a file that is gone when it is read
            said = str(error)
            for file, one in zip(files, given, strict=True):
                said = said.replace(str(file), shown(str(one)))
            raise InputError(said) from error


def _fetched(address: str, megabytes: int, kept: ExitStack) -> Path:
    """Fetch one file under the name that the address ends with, redirects followed; refuse what is not all of it."""
    kept.enter_context(made_folder(data_folder()))
    folder = kept.enter_context(scratch_folder(data_folder(), ".fetch-"))
    name = re.sub(r"[^\w.() -]", "_", PurePosixPath(unquote(urlsplit(address).path)).name).lstrip(".")[-100:]
    path, declared, come = folder / (name or "release"), 0, 0
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
            declared = bar.total = int(remote.r.headers.get("Content-Length", 0) if how else remote.size)
            while (found := max(declared, come)) <= megabytes * 10**6 and (part := remote.read(2**20)):
                come += local.write(part)
                bar.update(len(part))
    except (ImportError, ValueError) as error:  # fsspec names the package that it misses
        raise InputError("the address is of a kind that cannot be read", found=shown(address), do=str(error)) from error
    except FileNotFoundError as error:
        do = f"Check the address, or {PAGES}"
        raise InputError("there is no file at the address", found=shown(address), do=do) from error
    except Exception as error:  # every kind of address has errors of its own
        said, file = getattr(error, "message", "") or str(error) or type(error).__name__, shown(address)
        if status := getattr(error, "status", None):
            do = f"Check the address and who may read it, or {PAGES}"
            raise InputError("the server does not give the file", file=file, found=f"{status} {said}", do=do) from error
        if path.exists():  # the server has begun
            what, expected = "the file was cut off before its end", f"{declared:,} bytes" * bool(declared)
            raise InputError(what, file=file, expected=expected, do="Try again later") from error
        raise InputError("no connection", file=file, found=said, do="Check the address and the network") from error
    if found > megabytes * 10**6:
        expected, do = f"{megabytes:,} MB at most", "If that is right, allow more with --max-megabytes"
        what = f"the file is too large: {found:,} bytes"
        raise InputError(what, file=shown(address), expected=expected, do=do)
    return path

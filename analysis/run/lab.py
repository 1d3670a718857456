"""A working copy of the notebooks, opened in JupyterLab: what is edited there changes no report.

The copy remembers, in a hidden file, from what each of its notebooks was made; it is found again by that file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from shutil import copytree

from analysis.errors import InputError
from analysis.files import as_json, sha256_of, write_whole
from analysis.load.reference import bundled_folder
from analysis.load.sources import data_folder

COPY, MADE_FROM, START = "declines-lab", ".declines-lab.json", "index.ipynb"
"""The folder of a working copy, if none is named; what it was made from; and the page that it opens with."""
OWN_ROOT = re.compile(r"--(\w+\.)?(notebook|root)[-_]dir\b")


def make_working_copy(folder: Path) -> list[str]:
    """Lay notebooks and data into a folder, none over another, and links to what belongs there; say what was done.

    What has changed since its copy was made, a notebook or the data, is laid beside it.
    """
    ours, remembered = bundled_folder("notebooks"), folder / MADE_FROM
    if os.path.exists(folder) and (not folder.is_dir() or folder.samefile(ours)):
        what = "this is the folder of the package's own notebooks" if folder.is_dir() else "this is no folder"
        raise InputError(what, file=folder, do="Name another folder for the working copy: `declines lab FOLDER`")
    made_from, first, said = _made_from(remembered), not os.path.exists(remembered), list[str]()
    try:
        write_whole(remembered, as_json(made_from))
    except OSError as error:
        what = f"the working copy cannot be made: {error.strerror}"
        raise InputError(what, file=folder, do="Name another folder: `declines lab FOLDER`") from error
    if (folder / "data").is_symlink():  # of an earlier version; through it edits would reach reports
        (folder / "data").unlink()
    for path in [*sorted(ours.glob("*.ipynb")), ours.with_name("data")]:
        names = (path.stem + ("" if not n else ".newer" if n == 1 else f".newer-{n}") + path.suffix for n in count())
        digest, earlier, name = _digest(path), [], next(names)
        while (folder / name).exists():
            earlier.append(name)
            name = next(names)
        if digest not in [known for one in earlier for known in (made_from.get(one), _digest(folder / one))]:
            if path.is_dir():
                copytree(path, folder / name)
            else:
                write_whole(folder / name, path.read_bytes())
            made_from[name] = digest
            said += [f"{folder / earlier[0]} stays as it is; the newer one is beside it: {name}"] if earlier else []
    write_whole(remembered, as_json(made_from))
    said += _link(folder)
    return [f"{folder} is your working copy of the notebooks: edit them there, no report changes"] * first + said


def _made_from(remembered: Path) -> dict[str, str]:
    """Read from what the notebooks of a working copy were made; nothing where that is not known."""
    with suppress(OSError, ValueError):
        return dict(json.loads(remembered.read_text(encoding="utf-8")))
    return {}


def _digest(path: Path) -> str:
    """Hash a file, or the names and the bytes of a folder's files."""
    if not path.is_dir():
        return sha256_of(path)
    listed = {str(one.relative_to(path)): sha256_of(one) for one in sorted(path.rglob("*")) if one.is_file()}
    return sha256(as_json(listed)).hexdigest()


def _link(folder: Path) -> list[str]:
    """Lead to imported data, reports and the folder where it is opened; say what no link leads to."""
    here, ours, unlinked = Path.cwd(), bundled_folder("notebooks"), []
    places = {"imported": data_folder(), "reports": here / "reports"}
    if ours.parent.name == "_bundled" or not ours.is_relative_to(here):  # or a checkout's would be open to edits
        places["started-in"] = here
    for name, place in places.items():
        if os.path.lexists(folder / name) or place in (folder, folder / name):
            continue
        try:
            place.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(place.resolve(), target_is_directory=True)
        except OSError:
            unlinked.append(f"no link leads from the working copy to {name}, which stands in {place}")
    return unlinked


def differing(notebooks: Iterable[Path]) -> str:
    """Say in a line which of the package's notebooks have edited copies here; blank = none has.

    Looked at are working copies that are this folder or stand in it.
    """
    ours = {path.name: path for path in notebooks if path.parent == bundled_folder("notebooks")}
    folders = [found.parent for pattern in (MADE_FROM, f"*/{MADE_FROM}") for found in sorted(Path().glob(pattern))]
    copies = [folder / name for folder in folders for name in sorted(ours) if (folder / name).is_file()]
    edited = [str(copy) for copy in copies if _cells(copy) != _cells(ours[copy.name])]
    made = "reports are made of the package's own notebooks, and edits elsewhere change none"
    return f"{made}: {', '.join(edited)}" if edited else ""


def _cells(path: Path) -> list[list[object]] | None:
    """Read the cells of a notebook without their outputs; None of one that is damaged."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [["".join(cell["source"]), cell["metadata"].get("tags", [])] for cell in cells]
    return None


def open_lab(arguments: Sequence[str]) -> None:
    """Open a working copy in JupyterLab; the first of the arguments may name it, others go to JupyterLab."""
    named = [word for word in arguments[:1] if not word.startswith("-")]
    folder = Path(*(named or [COPY])).absolute()
    for line in make_working_copy(folder):
        print(line, flush=True)
    from jupyter_core.application import NoStart
    from jupyterlab.labapp import LabApp
    from traitlets.config import Config

    from analysis.run import kernels

    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of the same name elsewhere
    os.environ.setdefault("JUPYTER_DEFAULT_PROVISIONER_NAME", kernels.PROVISIONER)
    own_root = any(map(OWN_ROOT.match, arguments))
    server = {"ip": "127.0.0.1", "allow_root": True} | ({} if own_root else {"root_dir": str(folder)})
    lab = {} if own_root else {"default_url": f"/lab/tree/{START}"}
    # A configuration, which options given twice would not be: what the user's own files and options say holds.
    app = LabApp.initialize_server(list(arguments[len(named) :]), config=Config({"ServerApp": server, "LabApp": lab}))
    with suppress(NoStart):
        app.start()

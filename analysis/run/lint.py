"""What is wrong with a notebook, in sentences; what of it can be mended; and a new notebook that is right.

What stops a run is said by the readers of :mod:`analysis.run.notebooks`; here is what would make a notebook's changes
or its reports hard to follow: outputs that are kept, work hidden in functions, files that are not declared.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from uuid import uuid4

from analysis.errors import InputError, unknown
from analysis.files import as_json, write_whole
from analysis.load.sources import open_source
from analysis.run import notebooks as declared
from analysis.run.notebooks import BLOCK, TAG, Draft, read_draft

READERS: tuple[Callable[[Draft], object], ...] = (declared.title_of, declared.parameters_of, declared.block_of)
READERS += (declared.side_files, declared.ending, lambda draft: declared.named(draft.path))
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
MEND = "`declines lint --fix` mends it"
EACH = {"state": "state_profile", "offence": "offence_profile"}
"""What a new notebook can be made for, beside the week, and the notebook whose parameters it takes for that."""
NEW = """# {title}

How many of the detainers issued in a week has ICE recorded as declined, and is that usual? Write your own question.
---
{parameters}
---
import analysis as an
from analysis import plot, sentences

cohort = an.cohort(source, week{place})
report = an.Report("{name}", cohort)
report.lead(sentences.lead(cohort))
---
## The weeks up to this one
---
weeks = an.weekly_counts(cohort).tail(26)  # one row a week; `cohort.detainers` has one row a detainer
---
report.figure(plot.weekly_counts(weeks), "weekly_counts")
---
report.know(weeks_shown=len(weeks), most_declined=weeks["declined"].max())
told = "In no week of these {{weeks_shown:n}} are more than {{most_declined:n}} detainers recorded as declined."
report.text(sentences.Sentence(told, report.facts))
---
report.table(weeks, "weekly_counts", folded=True)
report.close()
"""


def problems(path: Path, makes_reports: bool = True) -> Iterator[InputError]:
    """Go through what is wrong with a notebook; ``makes_reports`` asks of it what a run does, too."""
    try:
        draft = read_draft(path)
        yield from _kept(draft)
        yield from _written(draft)
    except InputError as error:  # it is damaged, or its code cannot be read
        yield error
        return
    if BLOCK in draft.metadata:
        yield from declared.misdeclared(draft)[1:]  # the first one stops a run
    for reader in READERS if makes_reports else ():
        try:
            reader(draft)
        except InputError as error:
            yield error


def _kept(draft: Draft) -> Iterator[InputError]:
    """Go through what the file keeps beside its text."""
    both = list(zip(draft.cells, draft.content["cells"], strict=True))
    if ran := [f"{cell.number}" for cell, raw in both if raw.get("outputs") or raw.get("execution_count") is not None]:
        yield InputError("outputs are kept", file=draft.path, place=f"cell {', '.join(ran)}", do=MEND)
    ids = [raw.get("id") for _, raw in both]
    if not all(ids) or len({*ids}) < len(ids):
        yield InputError("each cell needs an id of its own", file=draft.path, do=MEND)
    if strange := set(get_close_matches(BLOCK, draft.metadata)) - {BLOCK}:
        found = ", ".join(sorted(strange))
        yield InputError("an unknown key", file=draft.path, place="metadata", found=found, expected=BLOCK)
    if (name := draft.metadata.get("kernelspec", {}).get("name", "none")) != KERNEL["name"]:
        yield InputError("the notebook is for another kernel", file=draft.path, found=name, expected="python3", do=MEND)


def _written(draft: Draft) -> Iterator[InputError]:
    """Go through what its code should not do."""
    files = {node.value for _, node in draft.walk() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    files = {name for name in files if os.path.isfile(draft.path.parent / name)} - {*declared.names_in(draft)}
    for place, node in draft.walk():
        what = do = ""
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                what, do = f"{name!r} is defined where a reader looks for steps", "Write its lines into the cell"
            case ast.Call(
                ast.Attribute(attr="text" | "Sentence") | ast.Name("Sentence"),
                [ast.Constant(str()) | ast.JoinedStr() as text, *_],
            ):
                if typed := re.search(r"\d[\d.,]*", re.sub(r"{.*?}", "", ast.unparse(text))):
                    what = f"the number {typed[0]!r} is typed into a sentence"
                    do = "Let it be a fact: report.know(name=...), and {name:n} in a Sentence"
            case ast.Constant(str(name)) if name in files:
                what, do = f"the file {name!r} is not declared", f'Read it by report.side_file("{name}")'
        if what:
            yield InputError(what, file=draft.path, place=place, do=do)


def fix(path: Path, makes_reports: bool = True) -> None:
    """Mend what can be: outputs, ids, the kernel, and where they are missing the block of metadata and the tag."""
    draft = read_draft(path)
    cells, metadata, ids = draft.content["cells"], draft.metadata, set[str]()
    for raw in cells:
        raw |= {"outputs": [], "execution_count": None} if raw["cell_type"] == "code" else {}
        if (given := raw.get("id")) in (None, "", *ids):
            raw["id"] = uuid4().hex[:8]
            draft.content.update(nbformat=4, nbformat_minor=5)
        ids.add(given)
    kernel = metadata.get("kernelspec", KERNEL)
    if kernel.get("language", "python") == "python" and (kernel is KERNEL or kernel.get("name") != KERNEL["name"]):
        metadata["kernelspec"] = KERNEL
    if makes_reports:
        metadata.setdefault(BLOCK, {"clock": "issued", "weeks": "latest settled"})
        first = [(cell, raw) for cell, raw in zip(draft.cells, cells, strict=True) if cell.number == 1 and cell.code]
        with suppress(InputError):  # the first cell is none of parameters
            for cell, raw in first if not any(TAG in cell.tags for cell in draft.cells) else ():
                if declared.literals_in(cell, path):
                    raw["metadata"]["tags"] = [*cell.tags, TAG]
    if draft.content != read_draft(path).content:
        write_whole(path, as_json(draft.content))


def look_at(paths: Sequence[Path], mend: bool) -> tuple[list[str], int]:
    """Say what is wrong with notebooks, and with those of folders, and was mended; and how many problems there are.

    One of a folder that has no block of metadata is taken for one that makes no reports.
    """
    told, wrong, seen = list[str](), 0, 0
    for given in paths:
        for path in sorted(given.glob("*.ipynb")) if given.is_dir() else [given]:
            makes_reports = not given.is_dir()
            with suppress(InputError):  # it is damaged, as its problems say
                makes_reports |= BLOCK in read_draft(path).metadata
            found = before = [str(problem) for problem in problems(path, makes_reports)]
            if mend and before:
                with suppress(InputError):
                    fix(path, makes_reports)
                found = [str(problem) for problem in problems(path, makes_reports)]
            told += [f"mended: {one.removesuffix(f' {MEND}.')}" for one in before if one not in found] + found
            seen, wrong = seen + 1, wrong + len(found)
    return [*told, f"notebooks: {seen}, problems: {wrong}"], wrong


def new_notebook(path: Path, given: Sequence[str], source: str | None) -> Path:
    """Make a notebook that runs, for weeks of the nation, or each state or offence group, of any source or one."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell

    path = path.parent / f"{path.name.removesuffix('.ipynb')}.ipynb"
    if os.path.exists(path):
        raise InputError("the notebook is there already, and stays as it is", file=path)
    declared.named(path)
    if strange := [name for name in given if name not in (*EACH, "week")]:
        raise unknown("kind of reports", strange[0], [*EACH, "week"])
    if len(places := [name for name in EACH if name in given]) > 1:
        raise InputError("a report is of a state or of an offence group, not of both", do="Leave one out")
    block = {"clock": "issued", "needs": ["outcomes", *["offences"] * ("offence" in given)], "weeks": "latest settled"}
    known = declared.notebooks()[EACH[places[0]] if places else "weekly_bulletin"].parameters
    takes = {name: known[name] for name in ("source", *places, "week")}
    if source:
        block["source"] = open_source(source, clock="issued", needs=block["needs"]).facts.name
        takes["source"] = takes["source"]._replace(default=source)
    lines = [f"{name}: {one.kind} = {json.dumps(one.default)}  # {one.comment}" for name, one in takes.items()]
    told = {"name": path.stem, "title": path.stem.replace("_", " ").capitalize(), "parameters": "\n".join(lines)}
    parts = NEW.format(**told, place="".join(f", {name}={name}" for name in places)).strip().split("\n---\n")
    cells = [(new_markdown_cell if part.startswith("#") else new_code_cell)(part) for part in parts]
    cells[1].metadata.tags = [TAG]
    made = nbformat.v4.new_notebook(cells=cells, metadata={BLOCK: block, "kernelspec": KERNEL})
    try:
        write_whole(path, nbformat.writes(made).encode())
    except OSError as error:
        raise InputError(f"the notebook cannot be written: {error.strerror}", file=path) from error
    return path

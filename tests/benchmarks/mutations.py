"""Do the tests notice when the package is broken? ``python tests/benchmarks/mutations.py [--seed N]``.

Each mutation changes one place in the statistics, in reading or in sentences, chosen at random by a seed: a comparison,
a sign, ``and`` for ``or``, a number, or what a function returns. The plain tests of that room then run in a copy of the
checkout until one fails. Printed is what was changed, and which test noticed.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLACES = ["analysis/stats/*.py", "analysis/load/*.py", "analysis/show/sentences.py"]
NUMBER = 20
TESTS = {
    "stats": ["tests/stats", "tests/test_periods.py", "tests/run/test_disclosed_folder.py", "tests/notebooks"],
    "load": ["tests/load", "tests/data", "tests/notebooks"],
    "show": ["tests/show", "tests/notebooks"],
}
SWAPPED: dict[type, Any] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And},
}


def mutated(node: ast.AST) -> ast.AST | None:
    """Give what stands in a node's place; None where nothing can."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        return ast.Compare(node.left, [SWAPPED[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        return ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(SWAPPED[type(node.op)](), node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and type(node.value) is not bool:
        return ast.Constant(node.value + 1)
    if isinstance(node, ast.Return) and node.value is not None:
        return ast.Return(ast.Constant(None))
    return None


def places(path: Path) -> list[tuple[Path, ast.expr | ast.stmt]]:
    """List the places of a module that can be broken; none in annotations and f-strings, whose places are not known."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    every = list(ast.walk(tree))
    apart = [getattr(node, name, None) for node in every for name in ("annotation", "returns")]
    apart += [node for node in every if isinstance(node, ast.JoinedStr)]
    kept = {id(inner) for outer in apart if outer for inner in ast.walk(outer)}
    nodes = [node for node in every if isinstance(node, ast.expr | ast.stmt) and id(node) not in kept]
    return [(path, node) for node in nodes if (new := mutated(node)) and ast.unparse(new) != ast.unparse(node)]


def broken(text: str, node: ast.expr | ast.stmt, new: ast.AST) -> str:
    """Put a mutation into the text of a module."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    written = ast.unparse(ast.fix_missing_locations(new))
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    inner = before + (written if isinstance(node, ast.stmt) else f"({written})").encode() + after
    return b"".join([*lines[:first], inner, *lines[last + 1 :]]).decode()


def failure(copy: Path, room: str) -> str:
    """Run a room's tests until one fails; give which, blank = none."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS[room]]
    own = os.environ | {"PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=own, cwd=copy, timeout=300)
    except subprocess.TimeoutExpired:
        return "no end after 300 s"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return "; ".join([*failed, "no test ran"][:1]) if done.returncode else ""


def main() -> None:
    """Break the package so many times."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/mutations.py", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    every = [place for pattern in PLACES for path in sorted(ROOT.glob(pattern)) for place in places(path)]
    chosen, caught = random.Random(asked.seed).sample(every, NUMBER), 0
    with tempfile.TemporaryDirectory() as folder:
        left_out = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "reports")
        copy = Path(shutil.copytree(ROOT, Path(folder) / "copy", ignore=left_out))
        for room in {path.relative_to(ROOT).parts[1] for path, _ in chosen}:
            assert not (found := failure(copy, room)), f"tests fail before anything is broken: {found}"
        for path, node in chosen:
            text, name, new = path.read_text(encoding="utf-8"), path.relative_to(ROOT), mutated(node)
            assert new is not None
            (copy / name).write_text(broken(text, node, new), encoding="utf-8")
            found = failure(copy, name.parts[1])
            (copy / name).write_text(text, encoding="utf-8")
            caught += bool(found)
            print(f"{'caught' if found else 'NOT CAUGHT'}  {name}:{node.lineno}  {found}")
            print(f"    {ast.unparse(node)}  ->  {ast.unparse(ast.fix_missing_locations(new))}", flush=True)
    print(f"{caught} of {NUMBER} caught, seed {asked.seed}")


if __name__ == "__main__":
    main()

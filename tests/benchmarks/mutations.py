"""Do the tests notice when the package is broken? ``python tests/benchmarks/mutations.py [--seed N]``.

Each mutation changes one place in the statistics, in reading or in sentences, chosen at random by a seed: a comparison,
a sign, ``and`` for ``or``, a number, or what a function returns. The plain tests of that room then run in a copy of the
checkout until one fails. Printed is what was changed, and which test noticed.
"""

from __future__ import annotations

import argparse
import ast
import copy
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
PUBLIC = [f"tests/{name}" for name in ("notebooks", "test_api.py", "test_questions.py")]
TESTS = {
    "stats": ["tests/stats", "tests/test_periods.py", "tests/run/test_disclosed_folder.py", *PUBLIC],
    "load": ["tests/load", "tests/data", *PUBLIC],
    "show": ["tests/show", *PUBLIC],
}
PAIRS: list[tuple[Any, Any]] = [
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)),
    *((ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.And, ast.Or)),
]
SWAPPED = {old: new for pair in PAIRS for old, new in (pair, pair[::-1])}


def mutated(node: ast.AST) -> ast.AST | None:
    """Give what stands in a node's place; None where nothing can."""
    new: Any = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[first, *rest]) if type(first) in SWAPPED:
            new.ops = [SWAPPED[type(first)](), *rest]
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in SWAPPED:
            new.op = SWAPPED[type(op)]()
        case ast.Constant(value=int() | float() as value) if type(value) is not bool:
            new.value = value + 1
        case ast.Return(value=ast.expr()):
            new.value = ast.Constant(None)
        case _:
            return None
    return new if ast.unparse(new) != ast.unparse(node) else None


def places(path: Path) -> list[tuple[Path, Any]]:
    """List the places of a module that can be broken; none in annotations and f-strings, whose places are not known."""
    every = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    apart = [getattr(node, name, None) for node in every for name in ("annotation", "returns")]
    apart += [node for node in every if isinstance(node, ast.JoinedStr)]
    kept = {inner for outer in apart if outer for inner in ast.walk(outer)}
    return [(path, node) for node in every if node not in kept and mutated(node)]


def broken(text: str, node: Any) -> str:  # noqa: ANN401
    """Break a module's text at one place."""
    lines = text.encode().splitlines(keepends=True)
    written = ast.unparse(mutated(node) or node)
    written = written if isinstance(node, ast.stmt) else f"({written})"
    before, after = lines[node.lineno - 1][: node.col_offset], lines[node.end_lineno - 1][node.end_col_offset :]
    return b"".join([*lines[: node.lineno - 1], before, written.encode(), after, *lines[node.end_lineno :]]).decode()


def failure(checkout: Path, room: str) -> str:
    """Run a room's tests until one fails; give which, blank = none."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", *TESTS[room]]
    own = os.environ | {"PYTHONPATH": str(checkout)}
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=own, cwd=checkout, timeout=300)
    except subprocess.TimeoutExpired:
        return "no end after 300 s"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return [*failed, "no test ran"][0] if done.returncode else ""


def main() -> None:
    """Break the package so many times."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/mutations.py", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    seed, caught = parser.parse_args().seed, 0
    every = [place for pattern in PLACES for path in sorted(ROOT.glob(pattern)) for place in places(path)]
    chosen = random.Random(seed).sample(every, NUMBER)
    with tempfile.TemporaryDirectory() as folder:
        left_out = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "reports")
        checkout = Path(shutil.copytree(ROOT, Path(folder) / "copy", ignore=left_out))
        for room in {path.relative_to(ROOT).parts[1] for path, _ in chosen}:
            assert not (found := failure(checkout, room)), f"tests fail before anything is broken: {found}"
        for path, node in chosen:
            text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
            (checkout / name).write_text(broken(text, node), encoding="utf-8")
            found = failure(checkout, name.parts[1])
            (checkout / name).write_text(text, encoding="utf-8")
            caught += bool(found)
            print(f"{'caught' if found else 'NOT CAUGHT'}  {name}:{node.lineno}  {found}")
            print(f"    {ast.unparse(node)}  ->  {ast.unparse(mutated(node) or node)}", flush=True)
    print(f"{caught} of {NUMBER} caught, seed {seed}")


if __name__ == "__main__":
    main()

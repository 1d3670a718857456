"""The one exception for what a user can mend: a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any


class InputError(ValueError):
    """An input, setting or file that cannot be used; ``str()`` is the whole message for the user.

    Parameters
    ----------
    what
        What is wrong, as one clause.
    file, place
        Where: the file and the row, column, cell or sheet in it. Blank = not from a file.
    found, expected
        What was there and what should be there.
    do
        What the user can do now.
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | Path | None = None,
        place: str = "",
        found: object = None,
        expected: str = "",
        do: str = "",
    ) -> None:
        where = ", ".join(str(part) for part in (file, place) if part)
        message = f"{where}: {what}" if where else what
        found = _plain(found)
        details = [f"found {found!r}" if found is not None else "", f"expected {expected}" if expected else ""]
        if any(details):
            message += ": " + ", ".join(part for part in details if part)
        message += f". {do}" if do else ""
        if not message.endswith((".", "?", "!")):
            message += "."
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook (IPython's hook for an exception's own rendering)."""
        return [f"InputError: {self}"]


def _plain(found: Any) -> Any:  # noqa: ANN401
    """Turn a number of numpy's into Python's, without importing numpy for it."""
    return found.item() if type(found).__module__ == "numpy" and hasattr(found, "item") else found


def unknown(kind: str, given: object, known: Iterable[str], *, more: str = "") -> InputError:
    """Build the error for a name that is not in a list: the nearest name if there is one, then the list.

    Parameters
    ----------
    kind
        What is named, such as ``"state"``.
    given
        What the user gave.
    known
        The names that exist.
    more
        A closing hint, such as the command that lists the names.
    """
    names = list(known)
    near = get_close_matches(str(given), names, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    return InputError(f"unknown {kind} {str(given)!r}{guess} Known: {', '.join(names)}", do=more)

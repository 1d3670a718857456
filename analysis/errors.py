"""The one exception for what a user can mend: a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

TURNING = {code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Characters that would turn the direction of a text, and so what a name seems to say; and how they are shown."""
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF} - {ord(one) for one in "\t\n"}
MARKS = {code: f"[U+{code:04X}]" for code in sorted(_CONTROLS)}
"""Characters that no text has, which would be run by a terminal or break XML, a CSV or JSON; and how they are shown."""
SHOWN = TURNING | MARKS


class InputError(ValueError):
    """An input, setting or file that cannot be used; ``str()`` is the whole message for the user.

    It says what is wrong as one clause; where, in which ``file`` and ``place`` of it (row, column, cell or sheet); what
    was ``found`` and ``expected``; and what the user can ``do`` now.
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
        message = ": ".join(filter(None, [", ".join(str(part) for part in (file, place) if part), what]))
        found = found.item() if hasattr(found, "item") else found  # a number of numpy's is shown as one of Python's
        told = ([] if found is None else [f"found {found!r}"]) + ([f"expected {expected}"] if expected else [])
        message += (f": {', '.join(told)}" if told else "") + (f". {do}" if do else "")
        super().__init__((message if message.endswith((".", "?", "!")) else f"{message}.").translate(SHOWN))

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook (IPython's hook for an exception's own rendering)."""
        return [f"InputError: {self}"]


def called(found: object) -> str:
    """Call what was given in place of something else by its kind; text, a number or None as it is."""
    return repr(found) if isinstance(found, str | float | int | None) else f"a {type(found).__name__}"


def unknown(
    kind: str,
    given: object,
    known: Iterable[str],
    *,
    more: str = "",
    listed: Iterable[str] | None = None,
    near: Iterable[str] = (),
) -> InputError:
    """Build the error for a name of a ``kind`` that is not ``known``: the nearest name, then all, or those ``listed``.

    ``more`` is a closing hint, such as the command that lists the names; ``near`` are other names that may be meant.
    """
    names = list(known)
    near = list(near) or get_close_matches(str(given), names, n=1)
    guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    known = ", ".join(names if listed is None else listed)
    return InputError(f"unknown {kind} {str(given)!r}{guess} Known: {known}", do=more)

"""What somebody meant by a name that does not exist."""

from collections.abc import Iterable
from typing import Final

_LIKENESS: Final = 0.55
"""Least likeness of two names; lower, and short names suggest one another at random."""
_SHOWN: Final = 80


def nearest(name: object, names: Iterable[str]) -> str | None:
    """Return the name that is most like one that does not exist, letter case aside; None where none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is misspelt

    names = list(names)
    close = get_close_matches(str(name), names, n=1, cutoff=_LIKENESS)
    if close:
        return close[0]
    folded = {original.casefold(): original for original in names}
    close = get_close_matches(str(name).casefold(), folded, n=1, cutoff=_LIKENESS)
    return folded[close[0]] if close else None


def suggestion(name: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` to end a message with, or nothing where no name is near."""
    close = nearest(name, names)
    return f"; did you mean {close[:_SHOWN]!r}?" if close is not None else ""


def did_you_mean(name: object, names: Iterable[str]) -> str | None:
    """Return `did you mean 'x'?`, or the list of all names where none is near; None where there are none."""
    names = list(names)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean {close!r}?"
    return f"there is {', '.join(map(repr, names))}" if names else None


def full_path(name: str, steps: Iterable[str]) -> str:
    """Return the path of a step in a nested process that is named without it.

    Where the name is a path, or none or several paths end with it, the name itself is returned.
    """
    paths = list(steps)
    ends = [path for path in paths if path.endswith(f"/{name}")]
    return ends[0] if len(ends) == 1 and name not in paths else name

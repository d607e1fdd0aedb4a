"""Finds what somebody meant by a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: object, known: Iterable[str]) -> str | None:
    """Give a suggestion for a name that is not known.

    Args:
        name: What was written.
        known: What could have been meant.

    Returns:
        `did you mean ...?` for the closest name, else the list of known names, or None where there are none.
    """
    names = list(known)
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    folded = {n.casefold(): n for n in names}
    if not close and str(name).casefold() in folded:
        close = [folded[str(name).casefold()]]
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is {', '.join(map(repr, names))}" if names else None

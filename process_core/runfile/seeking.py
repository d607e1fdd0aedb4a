"""Goes back, or on, to the nearest event on which a predicate holds; looks no further than it must."""

from typing import Final

from process_core.predicate import compile_predicate
from process_core.runfile.query.filters import Filter
from process_core.runfile.read.reader import RunFile

_FIRST: Final = 2_000
_LARGEST: Final = 100_000


def find_back(file: RunFile, predicate: str, before: int, *, first: int = 1) -> int | None:
    """Find the last event before one on which a predicate holds.

    Args:
        file: The run file.
        predicate: The predicate; an event on which it cannot be decided does not count.
        before: Seq of the event to start from, which is not looked at.
        first: The earliest event to look at.

    Returns:
        Its seq, or None.

    Raises:
        PredicateError: It does not parse.
        RunFileError: The file is damaged.
    """
    view = file.view(Filter(where=compile_predicate(predicate)))
    if view.scanned >= before - 1:
        found = view.before(before)
        return found if found is not None and found >= first else None
    last, size = min(before - 1, file.count()), _FIRST
    while last >= first:
        start = max(first, last - size + 1)
        seqs = view.matches(start, last)
        if seqs:
            return seqs[-1]
        last, size = start - 1, min(size * 2, _LARGEST)
    return None


def find_forward(file: RunFile, predicate: str, after: int, *, last: int | None = None) -> int | None:
    """Find the first event after one on which a predicate holds.

    Args:
        file: The run file.
        predicate: As for `find_back`.
        after: Seq of the event to start from, which is not looked at.
        last: The latest event to look at; None for the last there is.

    Returns:
        Its seq, or None.

    Raises:
        PredicateError: It does not parse.
        RunFileError: The file is damaged.
    """
    view = file.view(Filter(where=compile_predicate(predicate)))
    end = file.count() if last is None else min(last, file.count())
    start, size = max(1, after + 1), _FIRST
    if view.scanned >= start and (found := view.after(after)) is not None:
        return found if found <= end else None
    start = max(start, view.scanned + 1)
    while start <= end:
        stop = min(end, start + size - 1)
        seqs = view.matches(start, stop)
        if seqs:
            return seqs[0]
        start, size = stop + 1, min(size * 2, _LARGEST)
    return None

"""Finds the last event of a recording at which a breakpoint would have stopped, or at which a predicate holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from process_core.predicate import PredicateError, compile_predicate
from process_core.runfile import Filter, Row, RunFile, RunFileError, element_globs, matches_event
from process_core.session.protocol.breakpoints import BreakpointSpec

_FIRST: Final = 2_000
_MOST: Final = 32_000
"""Events that are looked through at once, at first and at most."""
_IDLE: Final = ("IDLE", "IDLE_WITH_PENDING_REQUESTS")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        chosen: Rows that may be it.
        code: Type of the exception, or code, that an error must have.
        event: Event that must have brought the call, where the rows themselves do not say.
    """

    chosen: Filter
    code: str | None = None
    event: str | None = None


def wanted_by(predicate: str) -> Wanted:
    """Return what is looked for by a predicate.

    Raises:
        PredicateError: It is none.
    """
    return Wanted(Filter(where=compile_predicate(predicate)))


def wanted_of(spec: BreakpointSpec) -> Wanted | None:
    """Return what a breakpoint looks for, whatever its hit count; None where it is off or only logs."""
    if not spec.enabled or spec.log is not None:
        return None
    paths = element_globs(spec.step) if spec.step else ()
    functions = (spec.function,) if spec.function else ()
    try:
        condition = compile_predicate(spec.condition) if spec.condition else None
    except PredicateError:
        return None
    if spec.kind == "quiescence":
        return Wanted(Filter(types=("status",), states=_IDLE, where=condition))
    if spec.kind == "state":
        return Wanted(Filter(types=("breakpoint_hit",), paths=paths, where=condition), code="state")
    if spec.kind == "warning":
        codes = (spec.code,) if spec.code else ()
        return Wanted(Filter(types=("warning",), paths=paths, functions=functions, codes=codes, where=condition))
    events = (_literal(spec.event), spec.event) if spec.event else ()
    at = Filter(paths=paths, functions=functions, where=condition)
    if spec.kind == "error":
        return Wanted(replace(at, types=("executor_failed",)), code=spec.code)
    if spec.when == "after":
        return Wanted(replace(at, types=("executor_completed",)), event=spec.event)
    if spec.when == "emit":
        types = ("event_emitted", "executor_completed") if spec.event else ("event_emitted",)
        return Wanted(replace(at, types=types, event_ids=events))
    routes = (spec.route.rpartition("/")[2] if "->" not in spec.route else spec.route,) if spec.route else ()
    return Wanted(replace(at, types=("executor_invoked",), event_ids=events, routes=routes))


def find_back(run_file: RunFile, seq: int, wanted: Sequence[Wanted]) -> int | None:
    """Look for the last event before another; what is near is found at once, however long the recording.

    Args:
        run_file: The recording, opened for this alone: it looks in ways of its own.
        seq: The event to start from, which is not looked at.
        wanted: What is looked for: any of these.

    Returns:
        Its seq, or None.

    Raises:
        RunFileError: The file is damaged.
    """
    last, size = min(seq - 1, run_file.count()), _FIRST
    while last > 0:
        start = max(1, last - size + 1)
        best = 0
        for sought in wanted:  # views are asked for each time: a reader keeps no more than a few of them
            rows = reversed(run_file.view(sought.chosen).matches(max(start, best + 1), last))
            best = next((at for at in rows if _fits(run_file, run_file.row(at), sought)), best)
        if best:
            return best
        last, size = start - 1, min(size * 2, _MOST)
    return None


def _fits(run_file: RunFile, row: Row, wanted: Wanted) -> bool:
    if wanted.event is not None:
        ids = (row.event_id, _call_of(run_file, row))
        if not any(event is not None and matches_event(wanted.event, event) for event in ids):
            return False
    return wanted.code is None or wanted.code in _codes(run_file, row)


def _call_of(run_file: RunFile, row: Row) -> str | None:
    """Return the event that brought the call which a row is the end of."""
    for cause in row.causes:
        above = _row(run_file, cause)
        if above is not None and above.type == "executor_invoked":
            return above.event_id
    return None


def _codes(run_file: RunFile, row: Row) -> set[str]:
    codes = {row.code} if row.code else set()
    details = run_file.payload(row.details) if row.details is not None else None
    kind = details.get("kind" if row.type == "breakpoint_hit" else "type") if isinstance(details, dict) else None
    if isinstance(kind, str):
        codes |= {kind, kind.rpartition(".")[2]}
    return codes


def _row(run_file: RunFile, seq: int) -> Row | None:
    try:
        return run_file.row(seq)
    except RunFileError:
        return None


def _literal(event: str) -> str:
    """Write an event id so that no character of it is a wildcard."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in event)

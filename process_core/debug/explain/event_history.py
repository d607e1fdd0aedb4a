"""What is known of a run: its events, from its file or from memory, in words, and summed up so that asking is cheap."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from process_core.events import WorkflowEvent
from process_core.runfile import EventTotals, RunFile, walk_forward
from process_core.runfile.codec.preview import PREVIEW
from process_core.runfile.query.globs import without_index

EFFECTS: Final = 50
"""Effects that are listed at most."""
REACH: Final = 100_000
"""Events after an event among which its effects are looked for."""
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event.

    Attributes:
        seq, type, path, function, event_id, route, causes, state: As in `WorkflowEvent`.
        preview: Its payload on one line, bounded.
        details: More about it.
    """

    seq: int
    type: str
    path: str
    function: str | None
    event_id: str | None
    route: str | None
    causes: tuple[int, ...]
    state: str | None
    preview: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str | None:
        """The code of a warning or failure."""
        found = self.details.get("code")
        return found if isinstance(found, str) else None

    @property
    def message(self) -> str:
        """What a warning, a failure or an act by hand says."""
        found = self.details.get("message", self.details.get("text"))
        return found if isinstance(found, str) else self.preview


class EventHistory(Protocol):
    """The events of a run."""

    last: int
    """Seq of the last event that counts."""

    def facts(self) -> list[EventTotals]:
        """Sum up all events."""
        ...

    def events(self, seqs: Collection[int]) -> list[EventRecord]:
        """Return some events, in order of seq; those that do not exist are left out."""
        ...

    def links(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return which events between two, both included, were led to by which: pairs of seq and cause, by seq."""
        ...

    def origin(self, seq: int, limit: int) -> tuple[int, int]:
        """Go back from an event through the last cause of each; give where that ends, and the number of steps."""
        ...


class RunFileHistory:
    """The events in a run file.

    Args:
        file: The file.
        until: The last event that counts; None for now.
    """

    def __init__(self, file: RunFile, until: int | None = None) -> None:
        self._file = file
        self._until = until
        self.last = file.count() if until is None else min(until, file.count())

    def facts(self) -> list[EventTotals]:
        """Sum up all events: from the counts that the file keeps, or for the past by counting."""
        return _merged(
            EventTotals(kind, without_index(path), function, event_id, code, number, last)
            for kind, path, function, event_id, code, number, last in self._file.totals(self._until)
        )

    def events(self, seqs: Collection[int]) -> list[EventRecord]:
        """Return some events, in order of seq."""
        return [
            EventRecord(
                row.seq,
                row.type,
                row.path,
                row.function,
                row.event_id,
                row.route,
                row.causes,
                row.state,
                row.preview,
                _mapping(self._file.payload(row.details)),
            )
            for row in self._file.rows(seq for seq in seqs if 0 < seq <= self.last)
        ]

    def links(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return which events were led to by which."""
        return self._file.links(first, min(last, self.last))

    def origin(self, seq: int, limit: int) -> tuple[int, int]:
        """Go back from an event through the last cause of each."""
        return self._file.origin(seq, limit)


class InMemoryHistory:
    """The events that a run keeps in memory.

    Args:
        events: All of them, in order.
    """

    def __init__(self, events: list[WorkflowEvent]) -> None:
        self._events = events
        self.last = len(events)

    def facts(self) -> list[EventTotals]:
        """Sum up all events."""
        return _merged(
            EventTotals(e.type, without_index(e.path), e.function, e.event_id, e.code, 1, e.seq) for e in self._events
        )

    def events(self, seqs: Collection[int]) -> list[EventRecord]:
        """Return some events, in order of seq."""
        chosen = [self._events[seq - 1] for seq in sorted(set(seqs)) if 0 < seq <= self.last]
        return [
            EventRecord(
                e.seq,
                e.type,
                e.path,
                e.function,
                e.event_id,
                e.route,
                e.causes,
                e.state.value if e.state is not None else None,
                _preview(e.data),
                _mapping(e.details),
            )
            for e in chosen
        ]

    def links(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return which events were led to by which."""
        return [(e.seq, cause) for e in self._events[max(0, first - 1) : last] for cause in e.causes]

    def origin(self, seq: int, limit: int) -> tuple[int, int]:
        """Go back from an event through the last cause of each."""
        steps = 0
        while steps < limit and (cause := self._events[seq - 1].cause):
            seq, steps = cause, steps + 1
        return seq, steps


def _preview(value: Any) -> str:
    if value is None:
        return ""
    try:
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 - the repr is the user's own code
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return text if len(text) <= PREVIEW else text[: PREVIEW - 1] + "…"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _merged(facts: Iterable[EventTotals]) -> list[EventTotals]:
    """Add up facts with the same names."""
    found: dict[tuple[Any, ...], EventTotals] = {}
    for fact in facts:
        key = (fact.type, fact.path, fact.function, fact.event_id, fact.code)
        old = found.get(key)
        if old is not None:
            number, last = old.number + fact.number, max(old.last, fact.last)
            found[key] = EventTotals(fact.type, fact.path, fact.function, fact.event_id, fact.code, number, last)
        else:
            found[key] = fact
    return list(found.values())


def effects_of(
    history: EventHistory, seq: int, *, limit: int = EFFECTS, depth: int | None = None, reach: int = REACH
) -> dict[int, int]:
    """Return what an event led to: seq of each effect -> how many steps away."""
    return walk_forward(seq, history.links, history.last, limit=limit, depth=depth, reach=reach)


def event_text(event: EventRecord) -> str:
    """Report what an event was.

    Args:
        event: The event.

    Returns:
        One line, without its seq.
    """
    path, who, event_id = event.path, _who(event), event.event_id
    data = bounded(event.preview)
    with_data = f" with {data}" if data else ""
    match event.type:
        case "event_emitted" if not path:
            return f"{event_id} came from outside{with_data}"
        case "event_emitted":
            return f"{who} emitted {event_id}{with_data}"
        case "executor_invoked":
            by = f" by {event_id}" if event_id else ""
            return f"{who} was called{by}{with_data}"
        case "executor_completed":
            return f"{who} completed" + (f" and returned {data}" if data and data != "null" else "")
        case "executor_failed":
            return f"{who} failed: {event.details.get('type', 'error')}: {bounded(event.message)}"
        case "executor_cancelled" | "request_withdrawn" | "response":
            return f"{who} {_ENDED[event.type]}{with_data if event.type == 'response' else ''}"
        case "request_info":
            return f"{who} asked {data}"
        case "input_waiting":
            missing = event.details.get("missing")
            named = ", ".join(map(str, missing)) if isinstance(missing, list | tuple) else "its other inputs"
            return f"{event_id} reached {who}, which then still waited for {named}"
        case "warning" | "operator" | "failed":
            what = {"warning": f"warning {event.code}", "operator": "by hand", "failed": "the run failed"}[event.type]
            return f"{what}: {bounded(event.message)}"
        case "status":
            return f"the run was {event.state}"
        case _:
            return f"{event.type}{f' of {who}' if path else ''}{with_data}"


_ENDED: Final = {
    "executor_cancelled": "was cancelled",
    "request_withdrawn": "went on without an answer",
    "response": "was answered",
}


def bounded(text: str, limit: int = _SHOWN) -> str:
    """Bound a text to one short line.

    Args:
        text: The text.
        limit: The most characters.
    """
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _who(event: EventRecord) -> str:
    return f"{event.path}.{event.function}" if event.function else event.path

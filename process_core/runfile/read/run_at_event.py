"""A run as it stood at one of its events: the one way to ask that, for screens and for explanations alike.

Counts and last events come from the tallies, states and queues from the checkpoint before the event. What was delivered
since that checkpoint is taken off by the calls that the rows show; what a nested process has on its way within a
superstep of its parent stands in no checkpoint, so it is read from its own events and routes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from process_core.events import RunState
from process_core.graph import Edge, Node, SourceKind
from process_core.runfile.codec.decode import to_plain
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection
from process_core.runfile.read.history import Checkpoint
from process_core.runfile.read.rows import Row, read_rows
from process_core.runfile.read.step_counts import StepCount

if TYPE_CHECKING:
    from process_core.runfile.read.reader import RunFile

_MOST: Final = 50
"""Steps whose questions and missing inputs are read."""
_REACH: Final = 20_000
"""Events within which the calls that an event led to are looked for."""
_ASKING: Final = ("request_info", "response", "request_withdrawn")
_CALLS: Final = ("executor_invoked", "executor_completed", "executor_failed", "executor_cancelled")
_SUPERSTEPS: Final = ("superstep_started", "superstep_completed")
_TYPES: Final = frozenset({*_ASKING, *_CALLS, *_SUPERSTEPS, "input_waiting", "status", "failed"})


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message that was still to be delivered.

    Attributes:
        event_id: The event.
        seq: Seq of the event that brought it; 0 where it came from outside.
        scope: Path of the process it was delivered in, empty for the root.
        route: Id of its route there; empty where it came from outside.
        source: Path of the step that emitted it, empty for outside events.
        target: Path of the step it went to, empty for STOP.
        function: Target function.
        parameter: Target parameter.
        data: The payload.
        is_held: Whether the operator held it.
        is_undeliverable: Whether the code that ran then had no place for it.
        is_changed: Whether its queue had been changed by hand.
    """

    event_id: str
    seq: int = 0
    scope: str = ""
    route: str = ""
    source: str = ""
    target: str = ""
    function: str | None = None
    parameter: str | None = None
    data: Any = None
    is_held: bool = False
    is_undeliverable: bool = False
    is_changed: bool = False


class BufferedInput(NamedTuple):
    """A value that waited in a join: the process, its route there, and seq of the event that brought it."""

    scope: str
    route: str
    seq: int


class HalfFilledCall(NamedTuple):
    """A call that held some of its inputs and missed others."""

    path: str
    function: str
    arrived: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(slots=True)
class _Queue:
    """What one process had still to deliver, as plain data out of a checkpoint."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)
    held: list[Mapping[str, Any]] = field(default_factory=list)
    buffered: list[Mapping[str, Any]] = field(default_factory=list)
    is_changed: bool = False


@dataclass(slots=True)
class _Taken:
    """What was delivered since a checkpoint: target path, function and seq of the event that brought the message."""

    calls: set[tuple[str, str | None, int]] = field(default_factory=set)
    waiting: set[tuple[str, str | None, int]] = field(default_factory=set)
    inputs: Counter[str] = field(default_factory=Counter)
    edited: list[int] = field(default_factory=list)


class KeptCheckpoint:
    """The engine's part of the checkpoint that was asked for last: who goes event by event asks for it many times."""

    def __init__(self) -> None:
        self._seq = -1
        self._extra: Any = None

    def extra_at(self, file: "RunFile", seq: int) -> Any:
        """Return what `RunFile.extra_at` does."""
        if seq != self._seq:
            self._seq, self._extra = seq, file.extra_at(seq)
        return self._extra


class RunAtEvent:
    """A run file as if its run had gone no further than to one event.

    Args:
        file: The run file.
        connection: Its own connection.
        kept: Its own kept checkpoint.
        seq: The event; None is the newest there is, whenever something is asked.

    Attributes:
        file: The run file, with all there is in it.
    """

    def __init__(self, file: "RunFile", connection: Connection, kept: KeptCheckpoint, seq: int | None) -> None:
        self.file = file
        self._connection = connection
        self._kept = kept
        self._until = seq

    @property
    def seq(self) -> int:
        """The event."""
        return self.file.count() if self._until is None else self._until

    # --- the reader, bound to the event -------------------------------------------------------------------------------

    def checkpoint_at(self, seq: int) -> Checkpoint | None:
        """Find the last checkpoint at or before an event, as `RunFile.checkpoint_at`."""
        return self.file.checkpoint_at(min(seq, self.seq))

    def state_history(self, path: str, limit: int = 100) -> list[tuple[int, Any]]:
        """Return the last values that a step's state had by then, as `RunFile.state_history`."""
        return self.file.state_history(path, limit, self._until)

    def last_rows(self, path: str, types: Collection[str]) -> dict[str, Row]:
        """Read the last event of each type about a step by then, as `RunFile.last_rows`."""
        return self.file.last_rows(path, types, self._until)

    def step_counts(self) -> dict[str, StepCount]:
        """Count what each step had done by then, as `RunFile.step_counts`."""
        return self.file.step_counts(self._until)

    def graph_at(self, seq: int) -> tuple[int, tuple[Node, ...], tuple[Edge, ...]]:
        """Return the graph that was in force, as `RunFile.graph_at`."""
        return self.file.graph_at(min(seq, self.seq))

    # --- the run ------------------------------------------------------------------------------------------------------

    @cached_property
    def row(self) -> Row:
        """The event itself."""
        return self.file.row(self.seq)

    @cached_property
    def _last(self) -> dict[str, dict[str, int]]:
        return self.file.last_seqs(_TYPES, self._until)

    @property
    def generation(self) -> int:
        """Generation of the code that ran, from 0."""
        return self.row.generation

    @cached_property
    def state(self) -> RunState:
        """State of the run."""
        row = self._row_of("", "status")
        try:
            return RunState(row.state or "") if row is not None else RunState.IN_PROGRESS
        except ValueError:
            return RunState.IN_PROGRESS

    @cached_property
    def superstep(self) -> int:
        """Superstep of the root that had begun last."""
        row = self._row_of("", "superstep_started")
        return row.superstep if row is not None else 0

    def _row_of(self, path: str, kind: str) -> Row | None:
        seq = self._last.get(path, {}).get(kind)
        return None if seq is None else self.file.row(seq)

    @cached_property
    def busy(self) -> tuple[str, ...]:
        """Paths of the steps that had begun a function and not ended it; a step does one after the other."""
        return tuple(path for path, last in self._last.items() if path and _is_busy(last))

    @cached_property
    def asking(self) -> tuple[str, ...]:
        """Paths of the busy steps that waited for an answer."""
        return tuple(path for path in self.busy if _is_after(self._last[path], *_ASKING))

    @property
    def running(self) -> tuple[str, ...]:
        """Paths of the other busy steps."""
        return tuple(path for path in self.busy if path not in self.asking)

    @cached_property
    def failed(self) -> tuple[str, ...]:
        """Paths of the steps whose last call failed."""
        return tuple(path for path, last in self._last.items() if path and _has_failed(last))

    @cached_property
    def requests(self) -> tuple[Row, ...]:
        """The rows that asked the open questions, some dozens at most."""
        return tuple(self.file.row(self._last[path]["request_info"]) for path in self.asking[:_MOST])

    @cached_property
    def half_filled(self) -> tuple[HalfFilledCall, ...]:
        """The calls that held some of their inputs and had not begun, some dozens at most."""
        last = self._last.values()
        seqs = [seqs["input_waiting"] for seqs in last if _is_after(seqs, "input_waiting", "executor_invoked")]
        calls = []
        for seq in sorted(seqs)[:_MOST]:
            row = self.file.row(seq)
            details = to_plain(self.file.payload(row.details)) if row.details is not None else None
            if isinstance(details, dict):
                arrived, missing = _names(details.get("arrived")), _names(details.get("missing"))
                calls.append(HalfFilledCall(row.path, row.function or "", arrived, missing))
        return tuple(calls)

    # --- what was on its way ------------------------------------------------------------------------------------------

    @property
    def messages(self) -> tuple[RecordedMessage, ...]:
        """The messages that were still to be delivered: in order of delivery, then what was held or undeliverable."""
        return () if self.state.is_ended else self._on_the_way[0]

    @property
    def buffered(self) -> tuple[BufferedInput, ...]:
        """The values that waited in joins."""
        return self._on_the_way[1]

    @cached_property
    def _on_the_way(self) -> tuple[tuple[RecordedMessage, ...], tuple[BufferedInput, ...]]:
        checkpoint = self.file.checkpoint_at(self.seq)
        extra = self._kept.extra_at(self.file, checkpoint.seq) if checkpoint is not None else None
        if checkpoint is None or not isinstance(extra, Mapping):
            return (), ()
        try:
            return self._deliverable(checkpoint, extra)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise RunFileError(self.file.path, f"it is damaged: a checkpoint cannot be read: {error!r:.120}") from error

    def _deliverable(
        self, checkpoint: Checkpoint, extra: Mapping[str, Any]
    ) -> tuple[tuple[RecordedMessage, ...], tuple[BufferedInput, ...]]:
        taken = self._taken_since(checkpoint.seq)
        queues: dict[str, _Queue] = {}
        _read_process(extra.get("root") or {}, "", queues)
        edges = _Edges(self.file.graph_at(self.seq)[2])
        for path in self.busy:
            began = self._last[path].get("superstep_started", 0)
            if began > checkpoint.seq:
                kept = queues.get(path, _Queue())
                queues[path] = _Queue(self._nested_messages(path, edges), kept.held, kept.buffered)
        self._apply_edits(taken.edited, queues)
        left: list[RecordedMessage] = []
        held: list[RecordedMessage] = []
        buffered: list[BufferedInput] = []
        for scope in sorted(queues, key=lambda scope: -scope.count("/") - bool(scope)):
            queue = queues[scope]
            waiting, arrived = edges.split(scope, queue.messages, taken)
            left += [edges.message(scope, message, is_changed=queue.is_changed) for message in waiting]
            held += [edges.message(scope, message, is_held=True) for message in queue.held]
            in_joins = [*queue.buffered, *arrived]
            buffered += [
                BufferedInput(scope, message["route"], message["seq"])
                for message in in_joins
                if not edges.is_taken(scope, message, taken.calls)
            ]
        for entry in extra.get("inputs") or ():
            if taken.inputs[entry["event"]]:
                taken.inputs[entry["event"]] -= 1
            else:
                left.append(RecordedMessage(entry["event"], data=entry.get("data")))
        held += [_undeliverable(fields) for fields in extra.get("stranded") or ()]
        return (*left, *held), tuple(buffered)

    def _taken_since(self, seq: int) -> _Taken:
        sql = """
            SELECT e.seq, s.type, s.path, s.function, s.event_id, coalesce(c.cause, e.cause)
            FROM events e JOIN shapes s ON s.id = e.shape LEFT JOIN causes c ON c.seq = e.seq
            WHERE e.seq > ? AND e.seq <= ? AND (
                s.type IN ('executor_invoked', 'executor_failed', 'input_waiting', 'operator')
                OR s.type = 'event_emitted' AND s.path = '' AND e.cause IS NULL
            )
        """
        taken = _Taken()
        for number, kind, path, function, event_id, cause in self._connection.rows(sql, (seq, self.seq)):
            if kind == "operator":
                taken.edited.append(number)
            elif kind == "event_emitted":
                taken.inputs[event_id] += 1
            elif cause is not None:
                (taken.waiting if kind == "input_waiting" else taken.calls).add((path, function, cause))
        return taken

    def _apply_edits(self, seqs: Iterable[int], queues: dict[str, _Queue]) -> None:
        """Put in what the queues had been changed to by hand, which the events of these acts say."""
        for seq in dict.fromkeys(seqs):
            details = self.file.payload(self.file.row(seq).details)
            for queue in details.get("queues") or () if isinstance(details, Mapping) else ():
                path = queue["path"]
                kept = queues.get(path, _Queue())
                messages = [*queue["batch"], *queue["pending"]]
                queues[path] = _Queue(messages, list(queue["held"]), kept.buffered, is_changed=True)

    def _nested_messages(self, path: str, edges: "_Edges") -> list[Mapping[str, Any]]:
        """Return what the superstep of a nested process delivers, or the next one where it is between two."""
        last = self._last[path]
        began, over = last.get("superstep_started", 0), last.get("superstep_completed", 0)
        call = last["executor_invoked"]
        if over <= call:  # in its first superstep: what it delivers is the event that the call entered it by
            row = self.file.row(call)
            return list(edges.entering(path, row))
        if began > over:
            began = self._superstep_before(path, over)
        rows = read_rows(
            self._connection, "e.seq > ? AND e.seq <= ? AND s.type IN ('event_emitted', 'executor_completed')",
            (began, over),
        )  # fmt: skip
        return [message for row in rows for message in edges.leaving(path, row, self._was_taken)]

    def _superstep_before(self, path: str, seq: int) -> int:
        sql = """
            SELECT e.seq FROM events e JOIN shapes s ON s.id = e.shape
            WHERE e.seq < ? AND s.type = 'superstep_started' AND s.path = ? ORDER BY e.seq DESC LIMIT 1
        """
        return next((number for (number,) in self._connection.rows(sql, (seq, path))), 0)

    def _was_taken(self, row: Row, edge: Edge) -> bool:
        """Return whether an event took a route with a condition, which only its effects show."""
        return any(effect.route == edge.id for effect in self.file.effects(row.seq, _MOST, reach=_REACH))


class _Edges:
    """The routes of a graph, by process and id."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self._all = edges
        self._by_id = {(edge.scope, edge.id): edge for edge in edges}
        inputs: dict[tuple[str, str | None], set[str | None]] = {}
        for edge in edges:
            inputs.setdefault((edge.target, edge.function), set()).add(edge.parameter)
        self._inputs = inputs

    def message(
        self, scope: str, message: Mapping[str, Any], *, is_held: bool = False, is_changed: bool = False
    ) -> RecordedMessage:
        edge = self._by_id.get((scope, message["route"]))
        return RecordedMessage(
            message["event"],
            message["seq"] or 0,
            scope,
            message["route"],
            message.get("source") or "",
            edge.target if edge is not None else "",
            edge.function if edge is not None else None,
            edge.parameter if edge is not None else None,
            message.get("data"),
            is_held=is_held,
            is_undeliverable=edge is None,
            is_changed=is_changed,
        )

    def is_taken(self, scope: str, message: Mapping[str, Any], taken: Collection[tuple[str, str | None, int]]) -> bool:
        edge = self._by_id.get((scope, message["route"]))
        return edge is not None and (edge.target, edge.function, message["seq"]) in taken

    def _fills_join(self, scope: str, message: Mapping[str, Any]) -> bool:
        edge = self._by_id.get((scope, message["route"]))
        return edge is not None and (edge.joined or len(self._inputs[edge.target, edge.function]) > 1)

    def split(
        self, scope: str, messages: Sequence[Mapping[str, Any]], taken: _Taken
    ) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Split messages into those still to be delivered, and those that wait in a join by now.

        A value that a join buffered has no event of its own: it was delivered where a later message was.
        """
        left: list[Mapping[str, Any]] = []
        arrived: list[Mapping[str, Any]] = []
        is_later_taken = False
        for message in reversed(messages):
            if self.is_taken(scope, message, taken.calls):
                is_later_taken = True
            elif self.is_taken(scope, message, taken.waiting) or (is_later_taken and self._fills_join(scope, message)):
                is_later_taken = True
                arrived.append(message)
            else:
                left.append(message)
        return left[::-1], arrived[::-1]

    def entering(self, scope: str, row: Row) -> Iterator[Mapping[str, Any]]:
        for edge in self._all:
            if edge.scope == scope and edge.kind is SourceKind.INPUT and edge.event_id == row.function:
                yield {"route": edge.id, "seq": row.seq, "event": edge.event_id, "source": ""}

    def leaving(self, scope: str, row: Row, was_taken: Any) -> Iterator[Mapping[str, Any]]:
        for edge in self._all:
            if edge.scope != scope or edge.source != row.path or edge.event_id != row.event_id or not edge.target:
                continue
            if edge.condition is None or was_taken(row, edge):
                yield {"route": edge.id, "seq": row.seq, "event": edge.event_id, "source": edge.source}


def _read_process(process: Mapping[str, Any], scope: str, queues: dict[str, _Queue]) -> None:
    """Take in a process as its checkpoint describes it."""
    buffered = [held["message"] for call in process.get("waiting", ()) for fifo in call["fifos"] for held in fifo]
    queues[scope] = _Queue(list(process.get("pending", ())), list(process.get("held", ())), buffered)
    prefix = f"{scope}/" if scope else ""
    for name, inner in process.get("nested", {}).items():
        _read_process(inner, f"{prefix}{name}", queues)
    for call in process.get("parked", ()):
        _read_call(call, f"{prefix}{call['step']}", queues)


def _read_call(call: Mapping[str, Any], path: str, queues: dict[str, _Queue]) -> None:
    if "process" in call:
        _read_process(call["process"], path, queues)
    for element in call.get("elements", ()):
        if "result" not in element:
            _read_call(element, path, queues)


def _undeliverable(fields: Mapping[str, Any]) -> RecordedMessage:
    prefix, step = fields.get("prefix") or "", fields.get("step") or ""
    return RecordedMessage(
        fields.get("event_id") or fields["event"],
        fields.get("seq") or 0,
        prefix.rstrip("/"),
        fields.get("route") or "",
        fields.get("source") or "",
        prefix + step,
        fields.get("function"),
        fields.get("parameter"),
        fields.get("data"),
        is_undeliverable=True,
    )


def _is_busy(last: Mapping[str, int]) -> bool:
    begun, *ended = (last.get(kind, 0) for kind in _CALLS)
    return begun > max(ended)


def _is_after(last: Mapping[str, int], kind: str, *others: str) -> bool:
    return all(last.get(kind, 0) > last.get(other, 0) for other in others)


def _has_failed(last: Mapping[str, int]) -> bool:
    failed = last.get("executor_failed", 0)
    return failed > 0 and all(failed >= last.get(kind, 0) for kind in _CALLS)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list | tuple) else ()


def superstep_end(file: "RunFile", seq: int, *, backwards: bool) -> int | None:
    """Find the event at which a superstep was over, of the root process or of a nested one, before or after another."""
    end = _root_superstep_end(file, seq, backwards=backwards)
    if not any(file.last_seqs({"superstep_completed"})):  # by path, and the root has none
        return end
    first, last = ((end or 0) + 1, seq - 1) if backwards else (seq + 1, (end or file.count() + 1) - 1)
    return file.nested_superstep_end(first, last, backwards=backwards) or end


def nested_superstep_end(connection: Connection, first: int, last: int, *, backwards: bool) -> int | None:
    """Return the last, or first, end of a superstep of a nested process between two events, both included."""
    sql = f"""
        SELECT e.seq FROM events e JOIN shapes s ON s.id = e.shape
        WHERE e.seq BETWEEN ? AND ? AND s.type = 'superstep_completed' AND s.path <> ''
        ORDER BY e.seq {"DESC" if backwards else "ASC"} LIMIT 1
    """  # noqa: S608 - one of two words
    return next((number for (number,) in connection.rows(sql, (first, last))), None)


def _root_superstep_end(file: "RunFile", seq: int, *, backwards: bool) -> int | None:
    checkpoint = file.checkpoint_at(seq - 2) if backwards else file.checkpoint_after(seq - 1)
    if checkpoint is None:
        return None
    try:
        after = file.row(checkpoint.seq + 1)
    except RunFileError:  # the run was cut off between the two
        return checkpoint.seq if checkpoint.seq and checkpoint.seq != seq else None
    return after.seq if after.type == "superstep_completed" and not after.path else max(checkpoint.seq, 1)

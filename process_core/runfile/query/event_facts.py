"""What the names of a predicate stand for in a recorded event: the same as in a breakpoint, when it happened.

Most are columns. But the row of a call has its arguments for payload, and what a predicate calls `data` there is what
the message carried: the payload of the event that brought it. Where that event alone does not say it (a join, an
element of a map, an edited message, a failure), it is worked out here, call by call.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from process_core.graph import Edge
from process_core.predicate import ENVELOPE, Member, Predicate
from process_core.runfile.codec.decode import decode_simple, to_plain
from process_core.runfile.query.filter_sql import MatchingNames
from process_core.runfile.query.globs import without_index
from process_core.runfile.read.connection import LONGEST_VALUE, Connection, payload_text
from process_core.runfile.read.info import read_graph

_AT_ONCE = 500
_LONG_NUMBER = 16
_CALL = "executor_invoked"
_BY_EVENT: Final = frozenset({"seq", "superstep", "cause", "source", "arguments"})
"""Names that differ between events with the same combination of other names."""
_BY_MESSAGE: Final = frozenset({"event_id", "route", "source", "cause"})
"""Names that differ between the messages of one call."""
_WITH_CAUSE: Final = frozenset({"source", "arguments"})
_ARGUMENTS: Final = f"""
    (CASE WHEN s.type IN ('{_CALL}', 'executor_failed', 'executor_cancelled') THEN e.data
    WHEN cs.type = '{_CALL}' THEN c.data END)
"""
_COLUMNS: Final[Mapping[str, str]] = {
    **{name: f"s.{name}" for name in ENVELOPE},
    **{name: f"e.{name}" for name in ("seq", "superstep", "cause")},
    "target": f"(CASE s.type WHEN '{_CALL}' THEN s.path END)",
    "source": f"(CASE s.type WHEN '{_CALL}' THEN source_of(s.path, s.event_id, cs.path, cs.type)"
    " WHEN 'event_emitted' THEN nullif(s.path, '') WHEN 'executor_completed' THEN nullif(s.path, '') END)",
    "arguments": payload_text(_ARGUMENTS),
}
DECIDED_BY_SQL: Final = {name: sql for name, sql in _COLUMNS.items() if name != "arguments"}
"""The columns whose comparisons SQL can decide."""
_FAILURES: Final = "s.type IN ('executor_failed', 'breakpoint_hit')"
"""True of the events other than calls whose own payload is not what a predicate calls `data`."""
_IS_SPECIAL_CALL: Final = """
    (NOT coalesce(cs.type IN ('event_emitted', 'executor_completed') AND cs.event_id IS s.event_id
        AND instr(cs.path, '[') = 0, 0))
"""
_IS_SPECIAL: Final = f"({_FAILURES} OR (s.type = '{_CALL}' AND {_IS_SPECIAL_CALL}))"
_NO_NAMES: Final[dict[str, Any]] = {}
_CARRIED: Final = f"(CASE s.type WHEN '{_CALL}' THEN c.data ELSE e.data END)"
_CAUSE_OF: Final = "c.seq = CASE WHEN s.type IN ({types}) THEN e.cause END"
_MESSAGES: Final = f"""
    SELECT e.seq, s.type, s.path, s.step, s.function, s.event_id, s.route, s.state, s.code, e.superstep,
        {payload_text("e.data")}, {payload_text("e.details")},
        coalesce(k.cause, e.cause), cs.type, cs.path, cs.function, cs.event_id, {payload_text("c.data")},
        {payload_text("c.details")}, k.seq IS NOT NULL
    FROM events e JOIN shapes s ON s.id = e.shape
    LEFT JOIN causes k ON k.seq = e.seq
    LEFT JOIN events c ON c.seq = coalesce(k.cause, e.cause)
    LEFT JOIN shapes cs ON cs.id = c.shape
"""  # noqa: S608 - our own words


class Part(NamedTuple):
    """A part of the events and where a predicate finds what it names there, in SQL.

    Attributes:
        source: The tables of a SELECT: `events e`, where needed `shapes s`, and the cause `c` of a call with `cs`.
        data: Where the payload is that it calls `data`.
        special: True of the events of which `data` has to be worked out.
        condition: True of the events of the part.
    """

    source: str
    data: str
    special: str
    condition: str


class EventFacts:
    """Where a predicate finds what it names, in SQL; and its judgement on calls of which SQL does not know that.

    Args:
        connection: Where to read.
        predicate: The predicate.
        names: More names that are asked for.

    Attributes:
        is_by_event: Whether it differs between events of one combination of names.
        is_by_message: Whether it differs between the messages of one call.
        parts: The parts that the events are looked at in.
        overworked: How often the predicate took more work than it may, and was taken not to hold.
    """

    def __init__(self, connection: Connection, predicate: Predicate | None, names: Iterable[str] = ()) -> None:
        connection.define("source_of", 4, source_of)
        self.overworked = 0
        self._connection = connection
        self._predicate = predicate
        self._edges: tuple[Edge, ...] | None = None
        used = {*names, *(predicate.names if predicate is not None else ())}
        uses_data = predicate is not None and predicate.uses_data
        self.is_by_event = bool(_BY_EVENT & used)
        self.is_by_message = uses_data or bool(_BY_MESSAGE & used)
        self._shapes: list[MatchingNames] = []
        types = [_CALL]
        if "arguments" in used:
            types += ["executor_completed", "event_emitted"]
        joined = _CAUSE_OF.format(types=", ".join(f"'{kind}'" for kind in types))
        whole = f"events e JOIN shapes s ON s.id = e.shape LEFT JOIN events c ON {joined}"
        whole += " LEFT JOIN shapes cs ON cs.id = c.shape"
        has_names = not {"seq", "superstep", "cause"}.issuperset(used)
        simple = "events e JOIN shapes s ON s.id = e.shape" if has_names else "events e"
        if _WITH_CAUSE & used:
            special = _IS_SPECIAL if uses_data else "0"
            self.parts = [Part(whole, _CARRIED if uses_data else "e.data", special, "1")]
        elif uses_data:
            # Most events are no calls, and to join each with a cause that it does not need takes twice the time.
            calls = MatchingNames(connection, None, (f"s.type = '{_CALL}'", ()))
            failures = MatchingNames(connection, None, (_FAILURES, ()))
            self._shapes = [calls, failures]
            self.parts = [
                Part(simple, "e.data", f"({failures.condition()})", f"NOT {calls.condition()}"),
                Part(whole, "c.data", _IS_SPECIAL_CALL, calls.condition()),
            ]
        else:
            self.parts = [Part(simple, "e.data", "0", "1")]

    def follow(self) -> None:
        """Look at the shapes that are new, before the events of a piece are looked at."""
        for names in self._shapes:
            names.condition()

    def drop(self) -> None:
        """Free what it holds in the connection."""
        for names in self._shapes:
            names.drop()

    def columns(self, rest: Predicate, part: Part) -> list[str]:
        """Return the columns to ask for, for what is left of the predicate to be evaluated by `holds`."""
        special = part.special if rest.uses_data else "0"
        data = "NULL"
        if rest.uses_data:
            data = payload_text(part.data)
            data = data if special == "0" else f"CASE WHEN {special} THEN NULL ELSE {data} END"
        return [special, data, *(_COLUMNS[name] for name in rest.names)]

    def payloads(self, rest: Predicate, part: Part) -> Iterator[tuple[str, str]]:
        """Yield what a predicate calls a payload, with SQL for where that is."""
        if rest.uses_data:
            yield "data", part.data
        if "arguments" in rest.names:
            yield "arguments", _ARGUMENTS

    def joins(self, first: int, last: int) -> frozenset[int]:
        """Return the calls between two events that several messages led to; each of those may be what is asked for."""
        if not self.is_by_message:
            return frozenset()
        sql = f"""
            SELECT DISTINCT k.seq FROM causes k JOIN events e ON e.seq = k.seq JOIN shapes s ON s.id = e.shape
            WHERE k.seq BETWEEN ? AND ? AND s.type = '{_CALL}'
        """  # noqa: S608 - our own words
        return frozenset(seq for (seq,) in self._connection.rows(sql, (first, last)))

    def holds(self, predicate: Predicate, data: str | None, values: Iterable[Any]) -> bool:
        """Evaluate a predicate on a row of `columns`."""
        event = dict(zip(predicate.names, values, strict=True)) if predicate.names else _NO_NAMES
        if event.get("arguments") is not None:
            event["arguments"] = self._value(event["arguments"])
        return predicate.holds(data=self._value(data), event=event, overworked=self._note_overwork)

    def special_holds(
        self, seqs: Collection[int], own: tuple[str, Collection[Any]], is_over: Callable[[], bool]
    ) -> tuple[list[int], int | None]:
        """Evaluate the predicate on some calls and failures; it holds for a call where it does for one of its messages.

        Args:
            seqs: The events.
            own: What else must be true of an event `e`, in SQL, and the values for its question marks.
            is_over: Says whether to stop, after the first event.

        Returns:
            The seqs of those for which it holds; and of the event it stopped at, or None.
        """
        held: list[int] = []
        wanted = sorted(seqs)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            where = f"e.seq IN ({','.join('?' * len(some))}) AND {own[0]}"
            sql = f"{_MESSAGES} WHERE {where} ORDER BY e.seq, k.place"
            records = self._connection.each(sql, [*some, *own[1]], longest=LONGEST_VALUE)
            for place, (seq, of_one) in enumerate(groupby(map(_Message._make, records), key=lambda found: found.seq)):
                if (start or place) and is_over():
                    return held, seq
                if any(self._is_met_by(message) for message in _last_first(of_one)):
                    held.append(seq)
        return held, None

    def _is_met_by(self, message: "_Message") -> bool:
        assert self._predicate is not None
        arguments = self._value(message.arguments)
        event = {
            "type": message.type, "path": message.path, "step": message.step, "function": message.function,
            "superstep": message.superstep, "seq": message.seq, "state": message.state, "code": message.code,
            "route": message.route, "event_id": message.event_id, "source": None, "target": None,
            "cause": message.cause, "arguments": arguments,
        }  # fmt: skip
        if message.type == "breakpoint_hit":
            details = self._value(message.details)
            is_of_state = isinstance(details, dict) and "value" in details
            return self._holds(details["value"] if is_of_state else arguments, event | {"arguments": None})
        if message.type != _CALL:
            return self._holds(self._failure(message, arguments, message.details), event)
        scope = message.path.rpartition("/")[0]
        event_id = message.named()
        source = source_of(message.path, event_id, message.by, message.by_type)
        event |= {"event_id": event_id, "target": message.path, "source": source}
        if message.is_one_of_many:  # the row has the route of another message
            event["route"] = self._route(message, event_id, source)
        data = self._carried(message, scope, arguments) if self._predicate.uses_data else None
        return self._holds(data, event)

    def _holds(self, data: Any, event: dict[str, Any]) -> bool:
        assert self._predicate is not None
        return self._predicate.holds(data, event, self._note_overwork)

    def _note_overwork(self) -> None:
        self.overworked += 1

    def _route(self, message: "_Message", event_id: str | None, source: str | None) -> str | None:
        """Return the route that a message took to a join, as far as the graph that was in force last has it."""
        if self._edges is None:
            _, _, self._edges = read_graph(self._connection, None)
        target = without_index(message.path)
        for edge in self._edges:
            leads_here = edge.target == target and edge.function == message.function
            if leads_here and edge.event_id == event_id and edge.source == (source or ""):
                return edge.id
        return None

    def _carried(self, message: "_Message", scope: str, arguments: Any) -> Any:
        """Return the payload that a message carried."""
        kind = message.by_type
        if kind == "operator":
            details = self._value(message.by_details)
            if isinstance(details, dict) and details.get("code") in ("edit", "inject"):
                return self._value(message.brought)
        elif message.event_id is None:
            return _element_of(message.path, arguments, self._value(message.brought))
        elif kind in ("event_emitted", "executor_completed"):
            relative = _relative(scope, message.by)
            if relative is not None and "[" not in relative and message.named() == message.by_event:
                return self._value(message.brought)
        elif kind == _CALL and message.by == scope:
            given = self._value(message.brought)
            return given.get("data") if isinstance(given, dict) else None
        if not isinstance(arguments, dict):
            return arguments
        if len(arguments) == 1:
            return next(iter(arguments.values()))
        return self._failure_before(message) if kind == "executor_failed" else None

    def _failure_before(self, message: "_Message") -> Any:
        return self._failure(message, self._value(message.brought), message.by_details)

    def _failure(self, message: "_Message", given: Any, details: str | None) -> dict[str, Any]:
        """Return a failure as it is delivered to an error route, with what its event says of it."""
        is_itself = message.type != _CALL
        said = self._value(details)
        said = said if isinstance(said, dict) else {}
        return {
            **{name: said.get(name) for name in ("type", "message", "traceback")},
            "step": message.path if is_itself else message.by,
            "function": message.function if is_itself else message.by_function,
            "superstep": message.superstep,
            "input": given,
        }

    def _value(self, text: str | None) -> Any:
        if text is None:
            return None
        if text.isdecimal() and text.isascii() and len(text) < _LONG_NUMBER:  # most often, and the decoder is slow
            return int(text)
        try:
            return decode_simple(text)
        except ValueError:
            return to_plain(self._connection.decode(text), Member)


class _Message(NamedTuple):
    """A call (or a failure) with one event that led to it; the `by` names are about that event."""

    seq: int
    type: str
    path: str
    step: str | None
    function: str | None
    event_id: str | None
    route: str | None
    state: str | None
    code: str | None
    superstep: int
    arguments: str | None
    details: str | None
    cause: int | None
    by_type: str | None
    by: str | None
    by_function: str | None
    by_event: str | None
    brought: str | None
    by_details: str | None
    is_one_of_many: int

    def named(self) -> str | None:
        """Return the id of the event that the message is about."""
        if not self.is_one_of_many:
            return self.event_id
        is_input = self.by_type == _CALL and self.by == self.path.rpartition("/")[0]
        return self.by_function if is_input else self.by_event


def _last_first(messages: Iterable[_Message]) -> Iterator[_Message]:
    """Return the messages of a call; the last one is that which its row names."""
    found = list(messages)
    for place, message in enumerate(reversed(found)):
        yield message._replace(is_one_of_many=0) if place == 0 else message


def source_of(path: str, event_id: str | None, by: str | None, by_type: str | None) -> str | None:
    """Return the path of the step that a message to a step comes from.

    Args:
        path: Path of the step it goes to.
        event_id: The event it is about; None for an element of a map, which no message brings.
        by: Path of what the event is about that led to it.
        by_type: Type of that event; one by hand does not say who had emitted what it changed.
    """
    if event_id is None or not by or by_type == "operator":
        return None
    scope = path.rpartition("/")[0]
    relative = _relative(scope, by)
    if not relative:
        return None
    step = relative.partition("/")[0].partition("[")[0]
    return f"{scope}/{step}" if scope else step


def _relative(scope: str, path: str | None) -> str | None:
    """Return a path as seen from a process around it, empty for the process itself; None for what is not in it."""
    if path is None:
        return None
    if not scope:
        return path
    return "" if path == scope else path[len(scope) + 1 :] if path.startswith(f"{scope}/") else None


def _element_of(path: str, arguments: Any, given: Any) -> Any:
    """Return the element that the call of an element of a map is about: the argument that the map has a list of."""
    if not isinstance(arguments, dict):
        return arguments
    if len(arguments) == 1:
        return next(iter(arguments.values()))
    if not isinstance(given, dict):
        return None
    index = path.rpartition("[")[2].rstrip("]")
    for name, value in arguments.items():
        items = given.get(name)
        if isinstance(items, list | tuple) and index.isdecimal() and items[int(index) : int(index) + 1] != []:
            return value
    return None

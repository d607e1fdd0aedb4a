"""Makes workflow events and hands them to whoever observes the run."""

import copy
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol

from process_core.events import RunState, WorkflowEvent
from process_core.object_storage import (
    OWN_COPY,
    Form,
    attributes_of,
    is_only_attributes,
    new_instance,
    new_subclass_instance,
    plain_of,
    put_attributes,
    shape_of,
    store,
    stored_in,
)
from process_core.safe_repr import Unsnapshotable

if TYPE_CHECKING:
    from process_core.engine.records import Invocation

Sink = Callable[[WorkflowEvent], None]

_IMMUTABLE = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})


class RunFileLink(Protocol):
    """The run file that a run is written to, as far as the engine needs it."""

    path: Path
    """The file."""

    @property
    def written(self) -> int:
        """Seq of the last event that is safe."""
        ...

    @property
    def failed(self) -> str | None:
        """Why the run is no longer recorded, or None."""
        ...

    @property
    def behind(self) -> int:
        """How much was taken in that is not safe yet."""
        ...

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything so far is safe, for so many seconds at most."""
        ...

    def close(self) -> None:
        """Write what is left and let go of the file."""


def snapshot(value: Any) -> Any:
    """Return the value as it is now, so that a later change does not show.

    Data is copied: containers, models, dataclasses, and objects that are nothing but their attributes. Nothing of the
    user's runs for that, and what may own something outside (a handle, what has a `__del__`) is never cloned, for the
    clone would close it: an `Unsnapshotable` stands in its place.
    """
    if type(value) in _IMMUTABLE:
        return value
    try:
        return _Snapshot().value(value)
    except BaseException:  # noqa: BLE001 - too deep, or a hostile class
        return Unsnapshotable(value)


def exact_copy(value: Any) -> Any:
    """Return a copy of a recorded state, for which nothing of the user's runs; by `deepcopy` where it holds more."""
    try:
        return _Snapshot(must_be_whole=True).value(value)
    except BaseException:  # noqa: BLE001 - what new code has put into it
        return copy.deepcopy(value)


class _Snapshot:
    """Copies one value: what is there more than once is one object in the copy.

    Args:
        must_be_whole: Whether to raise where something cannot be copied; else its description stands there.
    """

    def __init__(self, *, must_be_whole: bool = False) -> None:
        self._must_be_whole = must_be_whole
        self._copies: dict[int, Any] = {}
        self._seen: list[Any] = []

    def value(self, value: Any) -> Any:
        kind = type(value)
        if kind in _IMMUTABLE:
            return value
        key = id(value)
        if key in self._copies:
            return self._copies[key]
        self._seen.append(value)  # an id says nothing once its object is gone
        make = _EMPTY.get(kind)
        if make is not None:
            made = self._copies[key] = make(value)
            self._fill(made, value)
            return made
        if kind is tuple or kind is frozenset:
            made = kind([self.value(part) for part in value])
        else:
            try:
                made = self._object(value, kind, key)
            except RecursionError:
                raise
            except BaseException:
                if self._must_be_whole:
                    raise
                made = Unsnapshotable(value)  # a hostile class; what is around it is copied all the same
        self._copies[key] = made
        return made

    def _fill(self, made: Any, value: Any) -> None:
        if issubclass(type(value), dict):
            for name, part in value.items():
                made[self.value(name)] = self.value(part)
        elif type(value) is set:
            made.update(map(self.value, value))
        else:
            made.extend(map(self.value, value))

    def _object(self, value: Any, kind: Any, key: int) -> Any:
        shape = shape_of(kind)
        form = shape.form
        if form is Form.ENUM or form is Form.SECRET or kind.__module__ in _LIBRARIES or issubclass(kind, _CODE):
            return value
        if form is Form.MODEL or form is Form.RECORD:
            made = self._copies[key] = new_instance(kind)
            stored = stored_in(value, shape)
            fields = {name: self.value(part) for name, part in stored.fields.items()}
            private = {name: self.value(part) for name, part in stored.private.items()}
            store(made, shape, replace(stored, fields=fields, private=private), kind.__name__)
            return made
        if form is Form.SUBCLASS or form is Form.NAMED_TUPLE:
            made = new_subclass_instance(kind, self.value(plain_of(value, shape)))
        elif is_only_attributes(kind) and not any(name in vars(c) for c in kind.__mro__[:-1] for name in OWN_COPY):
            made = self._copies[key] = object.__new__(kind)
        elif self._must_be_whole:
            raise TypeError(f"a {kind.__name__} cannot be copied without its help")
        else:
            return Unsnapshotable(value)
        own = {name: self.value(part) for name, part in attributes_of(value, shape).items()}
        put_attributes(made, shape, own, kind.__name__)
        return made


_EMPTY: Mapping[Any, Callable[[Any], Any]] = {
    dict: lambda _: {},
    list: lambda _: [],
    set: lambda _: set(),
    deque: lambda value: deque(maxlen=value.maxlen),
    OrderedDict: lambda _: OrderedDict(),
    defaultdict: lambda value: defaultdict(value.default_factory),
    bytearray: lambda _: bytearray(),
}
_LIBRARIES = frozenset(
    {"datetime", "decimal", "uuid", "pathlib", "fractions", "ipaddress", "re", "zoneinfo",
     "pydantic_core._pydantic_core"}
)  # fmt: skip
"""Modules whose objects cannot change, or not so that it would show."""
_CODE = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType, range, slice, type(...), type(NotImplemented))


class Recorder:
    """Assigns events their place in the run and passes each to every sink.

    Attributes:
        run_id: The run.
        seq: Seq of the last event.
        copies: Whether payloads must be copied; not where every sink encodes them at once.
    """

    __slots__ = ("clock", "copies", "run_id", "seq", "sinks")

    def __init__(self, run_id: str, sinks: list[Sink], *, copies: bool, clock: Callable[[], float] = time.time) -> None:
        self.run_id = run_id
        self.seq = 0
        self.sinks = sinks
        self.copies = copies
        self.clock = clock

    def record_call(
        self,
        type: str,  # noqa: A002 - the field's name
        call: "Invocation",
        superstep: int,
        data: Any = None,
        event_id: str | None = None,
        causes: tuple[int, ...] = (),
        route: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> int:
        """Record what a call does; return the seq of the event.

        Args:
            type: The event's type; what is not named here is a field of `WorkflowEvent`, too.
            call: Whose doing it is.
            superstep: Superstep of its process.
            data: The payload, copied here where it can change.
            event_id: The process event concerned.
            causes: Seqs of what led to it.
            route: The route travelled.
            details: More about it.
        """
        if self.copies and _class_of(data) not in _IMMUTABLE and type not in _TAKEN:
            data = snapshot(data)
        self.seq = seq = self.seq + 1
        slot = call.slot
        event = WorkflowEvent(
            type, data, details, None, event_id, None, None, seq, self.run_id, self.clock(),
            superstep, slot.path, slot.plan.name, call.function.name, causes, route,
        )  # fmt: skip
        for sink in self.sinks:
            sink(event)
        return seq

    def record_superstep(self, type: str, path: str, superstep: int) -> None:  # noqa: A002 - as above
        """Record that a superstep of a process begins or ends."""
        self.seq = seq = self.seq + 1
        event = WorkflowEvent(
            type, None, None, None, None, None, None, seq, self.run_id, self.clock(), superstep, path
        )  # fmt: skip
        for sink in self.sinks:
            sink(event)

    def record_status(self, type: str, superstep: int, *, state: RunState | None = None) -> int:  # noqa: A002 - as above
        """Record an event about the run as a whole."""
        return self.pass_on(WorkflowEvent(type, state=state, superstep=superstep))

    def pass_on(self, event: WorkflowEvent) -> int:
        """Record an event made elsewhere, filling in its place in the run.

        Args:
            event: The event; its data is copied where it can change.
        """
        if self.copies:
            event.data = snapshot(event.data)
        self.seq += 1
        event.seq, event.run_id, event.timestamp = self.seq, self.run_id, self.clock()
        for sink in self.sinks:
            sink(event)
        return self.seq


_class_of: Final = type  # where `type` is the name of a field; `__class__` is whatever a value wants it to be
_TAKEN = frozenset({"executor_invoked", "executor_failed", "executor_cancelled"})
"""Types whose data is a snapshot already, taken when the call was made."""


def snapshot_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call as they are now: the same dict where no value can change."""
    for value in arguments.values():
        if type(value) not in _IMMUTABLE:
            copy = snapshot(arguments)
            # One that cannot be copied at all must not cost the others their place.
            return copy if type(copy) is dict else {name: snapshot(part) for name, part in arguments.items()}
    return arguments

"""The supersteps of the design, spelled out with dictionaries and lists: slow, and meant to be read."""

import copy
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from described import CONDITIONS, FAILURE, REQUIRED, SHAPES, Described, Function, PlainStep, emissions, fails, fuel_of


class FailedError(Exception):
    """An exception, or the limit, that nothing in this process handled."""


class UnclearError(Exception):
    """The rules leave it open what happens next, or it happens too often to look at."""


@dataclass
class Event:
    """An event on its way to the routes; `source` is the step it is routed from, None for the process itself."""

    source: str | None
    id: str
    data: Any
    public: bool = False
    automatic: bool = False


@dataclass
class Call:
    """An invocation: of a function with inputs, or of a nested process (function = input event, inputs = its data)."""

    step: str
    function: str
    inputs: dict[str, Any]
    handler: bool


@dataclass
class Record:
    """What is compared of a whole run.

    Attributes:
        supersteps: Per path of a process, its supersteps; each the list of (step, function, inputs).
        ragged: The supersteps (path, place) in which something failed: who of the others got to run is open.
        unrouted: Emitted events without a route, as (path of the step, id).
        calls: How many invocations there were.
    """

    supersteps: dict[str, list[list[Call]]] = field(default_factory=lambda: defaultdict(list))
    ragged: set[tuple[str, int]] = field(default_factory=set)
    unrouted: set[tuple[str, str]] = field(default_factory=set)
    calls: int = 0


class Model:
    """One process in one run."""

    def __init__(self, process: Described, limit: int, record: Record, path: str = "") -> None:
        self.process, self.limit, self.record, self.path = process, limit, record, path
        self.plain = {s.name: s for s in process.steps if isinstance(s, PlainStep)}
        self.nested = {
            s.name: Model(s, limit, record, self.below(s.name)) for s in process.steps if isinstance(s, Described)
        }
        self.states: dict[str, list[Any]] = {name: [] for name in self.plain}
        self.waiting: dict[tuple[str, str], dict[Any, list[Any]]] = {}  # (step, function) -> slot -> values, FIFO
        self.public: list[Event] = []
        self.stopped = False

    def below(self, step: str) -> str:
        return f"{self.path}/{step}" if self.path else step

    def take_in(self, event_id: str, data: Any) -> None:
        """Take in one outside event and go on until nothing is pending (rules 10, 11, 14)."""
        self.stopped = False
        messages = self.route(Event(None, event_id, data))
        count = 0
        while messages and not self.stopped:
            if count == self.limit:
                if self.path:
                    raise UnclearError("what is left of a nested process that hit the limit?")
                raise FailedError
            messages = self.superstep(messages)
            count += 1

    def superstep(self, messages: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Deliver, run, and route what was committed: by source registration, emission, route (rules 7, 22, 25)."""
        calls = self.deliver(messages)
        self.record.supersteps[self.path].append(calls)
        self.record.calls += len(calls)
        if self.record.calls > 300:
            raise UnclearError("too long to look at")
        committed: dict[str, list[Event]] = {step.name: [] for step in self.process.steps}
        unhandled = []
        for call in calls:
            events = self.invoke(call)
            if events is None:
                unhandled.append(call)
            else:
                committed[call.step] += events
        if unhandled:
            self.fail(calls, unhandled)
        emitted = [(step, event) for step, events in committed.items() for event in events]
        self.public += [event for _, event in emitted if event.public]
        messages = [message for step, event in emitted for message in self.route(event, step)]
        self.stopped = any(target is None for target, _ in messages)  # rule 29: all else is discarded
        return messages

    def fail(self, calls: list[Call], unhandled: list[Call]) -> None:
        """End in failure (rule 12); what the siblings got to do is open, so none of them may be a process."""
        self.record.ragged.add((self.path, len(self.record.supersteps[self.path]) - 1))
        processes = [call for call in calls if call.step in self.nested]
        if processes and (len(processes) > 1 or processes != unhandled):
            raise UnclearError("how far did the nested process come before it was cancelled?")
        raise FailedError

    def route(self, event: Event, emitter: str | None = None) -> list[tuple[Any, ...]]:
        """Return (target, data) for each route that the event takes, in order of declaration (rules 1, 9, 15, 34)."""
        ways = [way for way in self.process.ways if way.source == (event.source, event.id)]
        tested = [way for way in ways if way.when in CONDITIONS]
        matched = [way for way in tested if CONDITIONS[way.when](event.data)]  # type: ignore[index]
        matched += [way for way in ways if way.when is None]
        if not matched and not any((event.source, event.id) in join.sources for join in self.process.joins):
            matched = [way for way in ways if way.when == "otherwise"]
        messages: list[tuple[Any, ...]] = [(way.target, event.data) for way in ways if way in matched]
        for number, join in enumerate(self.process.joins):
            for slot, source in enumerate(join.sources):
                if source == (event.source, event.id):
                    messages += [((*join.target, (number, slot)), event.data)]
        if not messages and not ways and not event.public and not event.automatic and emitter is not None:
            self.record.unrouted.add((self.below(emitter), event.id))
        return messages

    def deliver(self, messages: list[tuple[Any, ...]]) -> list[Call]:
        """Fill all FIFOs, then fire in the order of the messages that completed each call (rules 4, 26, 34)."""
        order = []
        there = {key: {slot: len(v) for slot, v in slots.items()} for key, slots in self.waiting.items()}
        for (step, function, slot), data in messages:
            key = (step, function)
            self.waiting.setdefault(key, defaultdict(list))[slot].append(data)
            counts = there.setdefault(key, {})
            counts[slot] = counts.get(slot, 0) + 1
            needed = self.needed(step, function)
            if all(counts.get(need, 0) for need in needed):
                order.append(key)
                for need in needed:
                    counts[need] -= 1
        return [self.fire(step, function) for step, function in order]

    def needed(self, step: str, function: str) -> list[Any]:
        """Return the slots that must be filled before the function fires."""
        for number, join in enumerate(self.process.joins):
            if join.target == (step, function):
                return [(number, slot) for slot in range(len(join.sources))]
        return list(REQUIRED[self.function(step, function).shape]) if step in self.plain else []

    def function(self, step: str, name: str) -> Function:
        return next(f for f in self.plain[step].functions if f.name == name)

    def fire(self, step: str, function: str) -> Call:
        """Take one value from every slot that has one."""
        taken = {slot: values.pop(0) for slot, values in self.waiting[step, function].items() if values}
        inputs: dict[str, Any] = {}
        for slot, data in taken.items():
            if step in self.nested:
                inputs["data"] = data
            elif isinstance(slot, tuple):
                inputs[self.process.joins[slot[0]].parameters[slot[1]] or ""] = data
            else:
                inputs[slot or ""] = data
        inputs = {k: v for k, v in inputs.items() if k and (step in self.nested or k in SHAPES["pair"])}
        return Call(step, function, inputs, handler=FAILURE in [v for v in taken.values() if isinstance(v, str)])

    def invoke(self, call: Call) -> list[Event] | None:
        """Run a call; give the events it commits, those of its error route, or None where nobody handles it."""
        if call.step in self.nested:
            events = self.invoke_nested(call)
            error = Event(call.step, "OnError", FAILURE, automatic=True)
        else:
            events = self.invoke_plain(call)
            error = Event(call.step, f"{call.function}.OnError", FAILURE, automatic=True)
        if events is not None:
            return events
        for candidate in (error, Event(None, "OnError", FAILURE, automatic=True)):
            if not call.handler and any(way.source == (candidate.source, candidate.id) for way in self.process.ways):
                return [candidate]
        return None

    def invoke_plain(self, call: Call) -> list[Event] | None:
        """Run a function: what it emitted, then its result (rule 8); nothing at all where it fails (rule 22)."""
        function = self.function(call.step, call.function)
        before = list(self.states[call.step])
        fuel = fuel_of(function, call.inputs, self.states[call.step])
        if fails(function, fuel):
            self.states[call.step] = before
            return None
        events = [Event(call.step, event, data, public) for event, data, public in emissions(function, fuel)]
        result = Event(call.step, f"{function.name}.OnResult", fuel - 1, function.public_result, automatic=True)
        return [*events, result]

    def invoke_nested(self, call: Call) -> list[Event] | None:
        """Run a nested process to rest: its public events, then its result (rules 9, 10, 31, 34)."""
        child = self.nested[call.step]
        saved = child.save()
        child.public = []
        try:
            child.take_in(call.function, call.inputs.get("data"))
        except FailedError:
            child.restore(saved)
            return None
        raised = [Event(call.step, e.id, e.data, public=True, automatic=e.automatic) for e in child.public]
        return [*raised, Event(call.step, "OnResult", None, automatic=True)]

    def save(self) -> Any:
        mine = copy.deepcopy((self.states, self.waiting, self.stopped))
        return mine, {name: child.save() for name, child in self.nested.items()}

    def restore(self, saved: Any) -> None:
        (self.states, self.waiting, self.stopped), children = saved
        for name, child in self.nested.items():
            child.restore(children[name])

    def all_states(self) -> dict[str, list[Any]]:
        """Return every step's log by path."""
        states = {self.below(name): log for name, log in self.states.items()}
        for child in self.nested.values():
            states |= child.all_states()
        return states

    def half_filled(self) -> set[str]:
        """Return the paths of steps with a function that has some, but not all, of what it waits for."""
        paths = {
            self.below(step)
            for (step, function), slots in self.waiting.items()
            if any(slots.get(need) for need in self.needed(step, function))
        }
        return paths.union(*(child.half_filled() for child in self.nested.values()))

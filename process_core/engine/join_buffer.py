"""Values that wait for their partners: one FIFO per input of each call that needs several."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from process_core.engine.compiled import CompiledInputGroup, CompiledRoute, CompiledStep
from process_core.engine.records import Invocation, Message
from process_core.errors import PayloadMismatchError
from process_core.events import NO_DATA

if TYPE_CHECKING:
    from process_core.engine.records import ProcessRecord, StepInstance

ReadyCall = tuple[Message, Invocation]
"""A call and the message that completed it."""


class BufferedValue:
    """A value that waits.

    Attributes:
        data: The value, checked; NO_DATA leaves its parameter to the default.
        message: What brought it.
        ordinal: Its place among all values that came to this process.
        is_reported: Whether a warning has mentioned it.
    """

    __slots__ = ("data", "is_reported", "message", "ordinal")

    def __init__(self, data: Any, message: Message, ordinal: int) -> None:
        self.data = data
        self.message = message
        self.ordinal = ordinal
        self.is_reported = False


Waiting = dict[tuple["StepInstance", CompiledInputGroup], list[deque[BufferedValue]]]


class JoinBuffer:
    """The half-filled calls of one process."""

    __slots__ = ("_ordinal", "waiting")

    def __init__(self) -> None:
        self.waiting: Waiting = {}
        self._ordinal = 0

    def deliver(self, process: "ProcessRecord", batch: list[Message]) -> list[ReadyCall]:
        """Fill in a superstep's messages, then see what fires.

        Returns:
            The calls, in the order of the messages that completed them.
        """
        # Most processes have no joins: their messages become calls in one pass, nothing is buffered or sorted.
        firings: list[ReadyCall] = []
        touched: dict[tuple[StepInstance, CompiledInputGroup], None] | None = None
        slots = process.slots
        for message in batch:
            route = message.route
            step: CompiledStep = route.step  # type: ignore[assignment]  # a stop route never becomes a message
            slot = slots[step.index] or process.slot_of(step)
            group: CompiledInputGroup = route.group  # type: ignore[assignment]  # likewise
            data = message.data
            parameter = route.parameter
            if parameter is not None and (
                data is NO_DATA or (route.exact is not None and type(data) not in route.exact)
            ):
                try:
                    data = checked(route, data)
                except PayloadMismatchError as error:
                    firings.append((message, _refused(slot, message, parameter, error)))
                    continue
            if group.is_direct:
                arguments = {} if parameter is None or data is NO_DATA else {parameter: data}
                firings.append((message, Invocation(slot, group.function, arguments, (message,))))
                continue
            ordinal = self.next_ordinal()
            key = (slot, group)
            fifos = self.waiting.get(key)
            if fifos is None:
                fifos = self.waiting[key] = [deque() for _ in group.parameters]
            fifos[route.position].append(BufferedValue(data, message, ordinal))
            if touched is None:
                touched = {}
            touched[key] = None
        if touched is not None:
            self._complete(touched, batch, firings)
        return firings

    def next_ordinal(self) -> int:
        """Return the place of the next value among all that came."""
        self._ordinal += 1
        return self._ordinal

    def _complete(
        self,
        touched: "dict[tuple[StepInstance, CompiledInputGroup], None]",
        batch: list[Message],
        firings: list[ReadyCall],
    ) -> None:
        for slot, group in touched:
            fifos = self.waiting[slot, group]
            firings.extend(
                (_completing(group, values).message, _call(slot, group, values))
                for values in _complete_sets(group, fifos)
            )
            if not any(fifos):
                del self.waiting[slot, group]
        place = {id(message): index for index, message in enumerate(batch)}
        firings.sort(key=lambda firing: place[id(firing[0])])

    def recall(self, messages: Collection[Message], calls: Iterable[Invocation]) -> list[Message]:
        """Take back what was filled in: as if these messages had not come, and these calls had never been made.

        Args:
            messages: The messages.
            calls: The calls, in the order of the messages that completed them; none of them has begun.

        Returns:
            The messages that cannot be taken back, since a call that has begun has their values.
        """
        gone = set(messages)
        spent = dict.fromkeys(messages)
        for call in reversed(list(calls)):
            for message in call.messages:
                spent.pop(message, None)
                if message not in gone:
                    self._put_back(call, message)
        for key, fifos in list(self.waiting.items()):
            for fifo in fifos:
                for value in [value for value in fifo if value.message in gone]:
                    fifo.remove(value)
                    spent.pop(value.message, None)
            if not any(fifos):
                del self.waiting[key]
        return list(spent)

    def _put_back(self, call: Invocation, message: Message) -> None:
        """Put the value that a message brought back in front of those that came after it."""
        group: CompiledInputGroup = message.route.group  # type: ignore[assignment]  # a stop route never becomes a message
        name = group.parameters[message.route.position]
        data = message.data if name is None else call.arguments.get(name, NO_DATA)
        fifos = self.waiting.get((call.slot, group))
        if fifos is None:
            fifos = self.waiting[call.slot, group] = [deque() for _ in group.parameters]
        fifos[message.route.position].appendleft(BufferedValue(data, message, 0))

    def incomplete(self) -> "Iterator[tuple[StepInstance, CompiledInputGroup, tuple[str, ...], tuple[str, ...]]]":
        """Return every call that holds some inputs.

        Yields:
            Step, inputs, names of those that have arrived, names of the required ones that are missing.
        """
        for (slot, group), fifos in self.waiting.items():
            arrived = tuple(group.name(i) for i, fifo in enumerate(fifos) if fifo)
            missing = tuple(group.name(i) for i in group.required if not fifos[i])
            yield slot, group, arrived, missing

    def save(self) -> Waiting:
        """Copy what waits, to be put back by `restore`."""
        return {key: [deque(fifo) for fifo in fifos] for key, fifos in self.waiting.items()}

    def restore(self, saved: Waiting) -> None:
        """Make it as it was when `save` gave this."""
        self.waiting = saved


def _complete_sets(group: CompiledInputGroup, fifos: list[deque[BufferedValue]]) -> Iterator[dict[int, BufferedValue]]:
    """Take one value from every FIFO that has one, for as long as nothing required is missing."""
    while all(fifos[i] for i in group.required) if group.required else any(fifos):
        yield {i: fifo.popleft() for i, fifo in enumerate(fifos) if fifo}


def _completing(group: CompiledInputGroup, values: dict[int, BufferedValue]) -> BufferedValue:
    if not group.required:
        return min(values.values(), key=lambda v: v.ordinal)  # the first optional value alone would have fired
    return max((values[i] for i in group.required), key=lambda v: v.ordinal)


def _call(slot: "StepInstance", group: CompiledInputGroup, values: dict[int, BufferedValue]) -> Invocation:
    arguments = {
        name: v.data for i, v in values.items() if (name := group.parameters[i]) is not None and v.data is not NO_DATA
    }
    return Invocation(slot, group.function, arguments, tuple(v.message for v in values.values()))


def checked(route: CompiledRoute, data: Any) -> Any:
    """Check a payload; no data is None to a required parameter, and leaves an optional one to its default.

    Args:
        route: The route it comes by, to a parameter.
        data: The payload, or NO_DATA.

    Returns:
        The value as the parameter wants it.

    Raises:
        PayloadMismatchError: It does not fit.
    """
    if data is NO_DATA:
        return route.check(None) if route.required else NO_DATA
    return route.check(data)


def _refused(slot: "StepInstance", message: Message, parameter: str, error: PayloadMismatchError) -> Invocation:
    route = message.route
    call = Invocation(
        slot,
        route.function,  # type: ignore[arg-type]  # a stop route never becomes a message
        {} if message.data is NO_DATA else {parameter: message.data},
        (message,),
    )
    what = "no data: " if message.data is NO_DATA else ""
    call.error = PayloadMismatchError(
        f"event {message.event_id!r} on route {route.id!r}, parameter {parameter!r}: {what}{error}"
    )
    call.error.__cause__ = error
    return call

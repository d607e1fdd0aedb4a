"""The pending_messages: the messages of supersteps that have begun and that have not been delivered yet."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from process_core.debug.debug_events import DebugEvents
from process_core.debug.debug_state import PendingMessage
from process_core.engine.join_buffer import ReadyCall
from process_core.engine.records import Invocation, Message, ProcessRecord, RunRecord


class Batch:
    """A batch of messages (for us, those of a superstep).

    Attributes:
        id: Its number in its process, unlike that of any other.
        delivered: The messages delivered so far, in order.
        left: Those still to be delivered, in order.
        calls: The calls still to be made, by the message that completed each.
        is_open: Whether it is still being delivered.
    """

    def __init__(self, batch_id: int, messages: Iterable[Message]) -> None:
        self.id = batch_id
        self.delivered: list[Message] = []
        self.left = list(messages)
        self.calls: dict[Message, Invocation] = {}
        self.is_open = True

    def deliver(self) -> Invocation | None:
        """Take off the next message.

        Returns:
            The call it completes, or None.
        """
        if not self.left:  # the last one has been taken away by hand
            return None
        message = self.left.pop(0)
        self.delivered.append(message)
        return self.calls.pop(message, None)

    def close(self) -> None:
        """Note that nothing more is delivered."""
        self.is_open = False
        self.left.clear()
        self.calls.clear()


class _Input(NamedTuple):
    """An outside event that has not been taken in, and its number among what is pending."""

    entry: tuple[Any, ...]
    number: int
    is_changed: bool


class PendingMessages:
    """Keeps what each process has still to deliver in its superstep.

    Args:
        run: The run.
        debug_events: Where it is said what will never be delivered.

    Attributes:
        changed: The messages that were changed by hand.
    """

    def __init__(self, run: RunRecord, debug_events: DebugEvents) -> None:
        self.changed: set[Message] = set()
        self._run = run
        self._debug_events = debug_events
        self._batches: dict[ProcessRecord, Batch] = {}
        self._last_id = 0
        self._inputs: dict[int, _Input] = {}

    def take(self, process: ProcessRecord, messages: Iterable[Message]) -> None:
        """Take in the messages of a superstep."""
        self._batches = {s: batch for s, batch in self._batches.items() if s.in_batch and s is not process}
        self._batches[process] = Batch(process.batch_id, messages)

    def open(self, process: ProcessRecord, firings: list[ReadyCall]) -> Batch:
        """Begin to deliver what was taken in.

        Args:
            process: The process.
            firings: The calls, each with the message that completed it.
        """
        batch = self._batches[process]
        batch.calls = dict(firings)
        return batch

    def of(self, process: ProcessRecord) -> Batch | None:
        """Return the messages of the superstep that a process is in; None where they were not taken in here."""
        batch = self._batches.get(process)
        return batch if batch is not None and batch.id == process.batch_id and process.in_batch else None

    def batches(self, first: Iterable[ProcessRecord]) -> Iterator[tuple[ProcessRecord, Batch]]:
        """Return the supersteps that are being delivered.

        Args:
            first: The processes that deliver first, in this order; then come nested ones before those around them.
        """
        for process in dict.fromkeys([*first, *reversed(self._batches)]):
            batch = self._batches.get(process)
            if batch is not None and batch.is_open:
                yield process, batch

    def code_swapped(self) -> list[ProcessRecord]:
        """Leave out what new code has no place for, or has put among what the next superstep delivers.

        Returns:
            The processes of which something was left out.
        """
        changed = []
        for process, batch in self.batches(()):
            routes = {id(route) for route in process.plan.all_routes()}
            elsewhere = set(process.pending)
            left = [message for message in batch.left if id(message.route) in routes and message not in elsewhere]
            if len(left) < len(batch.left):
                batch.left[:] = left
                batch.calls = {message: call for message, call in batch.calls.items() if message in left}
                changed.append(process)
        return changed

    def discard(self, within: Invocation | None = None) -> None:
        """Forget what will not be delivered, since its process was cancelled, and say so.

        Args:
            within: The call that the processes run behind; None for all.
        """
        for process, batch in self._batches.items():
            if batch.left and (within is None or process.is_within(within)):
                self._debug_events.undelivered(process, batch.left)
                batch.left.clear()

    def items(self, first: Iterable[ProcessRecord], following: Message | None) -> list[PendingMessage]:
        """Describe what is to be delivered: of supersteps that have begun, of the next ones, and from outside.

        Args:
            first: The processes that deliver first, in this order; then come nested ones before those around them.
            following: The message that is next.
        """
        found = [
            self.item(process, message, following) for process, batch in self.batches(first) for message in batch.left
        ]
        processes = self._run.root.processes()
        for process in processes:
            found += [self.item(process, message, following) for message in process.pending]
        for entry in self._run.inputs:
            kind, subject, data = entry
            if kind == "event":
                number = self.number_of(entry)
                is_changed = self._inputs[id(entry)].is_changed
                item = PendingMessage(number, subject, changed=is_changed, data=data)
                found.append(item)
        for process in processes:
            found += [self.item(process, message, following, is_held=True) for message in process.held]
        return found + [
            PendingMessage(
                0, item.event_id, item.seq or None, item.source, item.prefix + item.step, item.function,
                item.parameter, item.route, held=True, data=item.data,
            )
            for item in self._run.undeliverable
        ]  # fmt: skip

    def count(self, first: Iterable[ProcessRecord]) -> int:
        """Return how many `items` there are, and number them, without describing each: a status is sent often."""
        found = 0
        for _, batch in self.batches(first):
            found += self._number(batch.left)
        processes = self._run.root.processes()
        for process in processes:
            found += self._number(process.pending)
        for entry in self._run.inputs:
            if entry[0] == "event":
                self.number_of(entry)
                found += 1
        for process in processes:
            found += self._number(process.held)
        return found + len(self._run.undeliverable)

    def _number(self, messages: Collection[Message]) -> int:
        """Number the messages that have no number yet; return how many messages there are."""
        for message in messages:
            if not message.id:
                self._last_id += 1
                message.id = self._last_id
        return len(messages)

    def number_of(self, entry: tuple[Any, ...]) -> int:
        """Return the number of an outside event that has not been taken in."""
        known = self._inputs.get(id(entry))
        if known is None:
            waiting = {id(given) for given in self._run.inputs}
            self._inputs = {key: old for key, old in self._inputs.items() if key in waiting}
            known = self.mark_input(entry, is_changed=False)
        return known.number

    def mark_input(
        self, entry: tuple[Any, ...], *, like: tuple[Any, ...] | None = None, is_changed: bool = True
    ) -> "_Input":
        """Number an outside event that has not been taken in.

        Args:
            entry: The event.
            like: The one that it stands for, whose number it has.
            is_changed: Whether it was changed by hand.
        """
        if like is None:
            self._last_id += 1
        number = self._last_id if like is None else self.number_of(like)
        known = self._inputs[id(entry)] = _Input(entry, number, is_changed)
        return known

    def item(
        self, process: ProcessRecord, message: Message, following: Message | None, *, is_held: bool = False
    ) -> PendingMessage:
        """Describe a message, and number it where it has no number yet."""
        self._number((message,))
        route = message.route
        return PendingMessage(
            message.id,
            message.event_id,
            message.seq or None,
            message.source,
            process.prefix + route.step.name if route.step else "",
            route.function.name if route.function else None,
            route.parameter,
            route.id,
            next=message is following,
            held=is_held,
            changed=message in self.changed,
            data=message.data,
        )

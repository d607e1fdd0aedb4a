"""Finds the messages of a paused run, and moves them without losing any."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from process_core.debug.editing.history import EditingError, Restore
from process_core.debug.editing.state import check_names
from process_core.debug.pause_controller import PauseController
from process_core.debug.pending_messages import Batch, PendingMessages
from process_core.engine.checkpoint import dump_queue
from process_core.engine.compiled import CompiledRoute
from process_core.engine.join_buffer import checked
from process_core.engine.records import Message, ProcessRecord, RunRecord
from process_core.errors import PayloadMismatchError


@dataclass(frozen=True, slots=True)
class MessageLocation:
    """Where a message lies.

    Attributes:
        process: Its process.
        message: The message.
        kind: `batch`, of the superstep being delivered; `pending`, of the next one; `held` back.
        index: Its place there.
    """

    process: ProcessRecord
    message: Message
    kind: Literal["batch", "pending", "held"]
    index: int


class QueueEditor:
    """Finds messages, and changes the queues of processes.

    A message of a superstep that has begun is filled in already: it waits for its partners, or a call was made of it
    that has not begun. So all that is left of the superstep is taken back, changed, and filled in again.

    Args:
        run: The run.
        controller: What holds it.
    """

    def __init__(self, run: RunRecord, controller: PauseController) -> None:
        self._run = run
        self._controller = controller
        self._pending: PendingMessages = controller.messages

    def find(self, number: int) -> MessageLocation:
        """Find a message.

        Raises:
            EditingError: It is delivered, dropped, or was never there; or it cannot be changed any more.
        """
        self._controller.pending()  # numbers those that have no number yet
        for process in self.processes():
            batch = self._pending.of(process)
            places: tuple[tuple[Literal["batch", "pending", "held"], Sequence[Message]], ...] = (
                ("batch", batch.left if batch is not None else ()),
                ("pending", process.pending),
                ("held", tuple(process.held)),
            )
            for kind, messages in places:
                for index, message in enumerate(messages):
                    if message.id == number and number:
                        location = MessageLocation(process, message, kind, index)
                        self._check_unspent(location, batch)
                        return location
        if not number:
            raise EditingError(
                "unknown_message",
                "what has no number (an element of a map, an undeliverable message) cannot be changed; list them again",
            )
        raise EditingError(
            "unknown_message",
            f"message {number} is not pending: it was delivered or dropped, or has not been taken in; list them again",
        )

    def processes(self) -> Iterator[ProcessRecord]:
        """Return the processes of the run, those inside the elements of maps too."""
        yield from dict.fromkeys([*self._run.root.processes(), *(process for process, _ in self._pending.batches(()))])

    def _check_unspent(self, location: MessageLocation, batch: Batch | None) -> None:
        """Refuse a message whose value a call that has begun was given as an optional input."""
        if location.kind != "batch" or batch is None or not is_spent(location.process, batch, location.message):
            return
        raise EditingError(
            "already_used",
            f"the value of {location.message} has gone to a call that has begun, as an optional input; it is too late",
        )

    def queue_of(self, location: MessageLocation) -> list[Message]:
        """Return a copy of the list in which a message lies."""
        batch = self._pending.of(location.process)
        if location.kind == "batch" and batch is not None:
            return list(batch.left)
        return list(location.process.pending if location.kind == "pending" else location.process.held)

    def replace(self, location: MessageLocation, messages: list[Message]) -> None:
        """Make the list in which a message lies another one."""
        if location.kind == "batch":
            self.replace_batch(location.process, messages)
        elif location.kind == "pending":
            location.process.pending = messages
        else:
            location.process.held = {message: location.process.held.get(message, False) for message in messages}

    def replace_batch(self, process: ProcessRecord, messages: list[Message]) -> None:
        """Replace the messages of what is left of a superstep."""
        batch = self._pending.of(process)
        assert batch is not None
        spent = set(process.joins.recall(batch.left, [batch.calls[m] for m in batch.left if m in batch.calls]))
        batch.left = messages
        batch.calls = dict(process.joins.deliver(process, [message for message in messages if message not in spent]))
        self._controller.requeued(process)

    def remember(self, process: ProcessRecord) -> Restore:
        """Remember the queues of a process.

        Returns:
            What makes them as they are now; not for a process that has ended by then.
        """
        batch = self._pending.of(process)
        left, calls = (list(batch.left), dict(batch.calls)) if batch is not None else ([], {})
        pending, held, waiting = list(process.pending), process.held, process.joins.save()
        stop, since = (process.stop_route, process.stop_seq), process.since_input
        before = [(message, message.data, message.seq) for message in [*left, *pending, *held]]
        changed = set(self._pending.changed)
        forced = None if self._run.forced is None else dict(self._run.forced)

        def restore() -> None:
            for message, data, seq in before:
                message.data, message.seq = data, seq
            process.pending, process.held = pending, held
            process.stop_route, process.stop_seq = stop
            process.since_input = since
            self._pending.changed = changed
            self._run.forced = forced
            if batch is not None and batch.is_open:
                batch.left, batch.calls = left, calls
                process.joins.restore(waiting)
                self._controller.requeued(process)

        return restore

    def described(self, process: ProcessRecord) -> list[dict[str, Any]]:
        """Describe the queue of a process as it is now, for a run that is resumed after it was cut off here.

        Returns:
            The description, in a list; empty where there is no run file, or the process is between two supersteps.
        """
        if self._run.file is None or not process.in_batch:
            return []
        batch = self._pending.of(process)
        messages = [*batch.delivered, *batch.left] if batch is not None else process.delivered
        return [dump_queue(process, messages, self._run.forced or {})]


def is_spent(process: ProcessRecord, batch: Batch, message: Message) -> bool:
    """Return whether a call that has begun has the value of a message that is still to be delivered."""
    if message in batch.calls or any(message in call.messages for call in batch.calls.values()):
        return False
    return not any(
        held.message is message for fifos in process.joins.waiting.values() for fifo in fifos for held in fifo
    )


def fitting(route: CompiledRoute, data: Any) -> Any:
    """Check a payload against the parameter that a route feeds.

    Returns:
        The value as the parameter wants it.

    Raises:
        EditingError: It does not fit.
    """
    if route.parameter is None:
        return data
    check_names("payload_mismatch", f"parameter {route.parameter!r} of {route.target}", route.check.annotation, data)
    try:
        return checked(route, data)
    except PayloadMismatchError as error:
        raise EditingError(
            "payload_mismatch", f"it does not fit {route.target}, parameter {route.parameter!r}: {error}"
        ) from error

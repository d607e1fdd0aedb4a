"""The workbench: where the messages of a paused run lie, and how they are moved without losing any."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from process_core.debug.editing.edit_record import EditingError, Restore
from process_core.debug.pause_controller import PauseController
from process_core.debug.pending_messages import Batch, PendingMessages
from process_core.engine.checkpoint_dump import dump_queue
from process_core.engine.compiled import CompiledRoute
from process_core.engine.core import RunCore
from process_core.engine.invocation import Message
from process_core.engine.join_buffer import checked
from process_core.engine.scope import Scope
from process_core.errors import PayloadMismatchError


@dataclass(frozen=True, slots=True)
class MessageLocation:
    """Where a message lies.

    Attributes:
        scope: Its process.
        message: The message.
        kind: `batch`, of the superstep being delivered; `pending`, of the next one; `held` back.
        index: Its place there.
    """

    scope: Scope
    message: Message
    kind: Literal["batch", "pending", "held"]
    index: int


class QueueEditor:
    """Finds messages, and changes the queues of processes.

    A message of a superstep that has begun is filled in already: it waits for its partners, or a call was made of it
    that has not begun. So all that is left of the superstep is taken back, changed, and filled in again.

    Args:
        core: The run.
        gate: What holds it.
    """

    def __init__(self, core: RunCore, gate: PauseController) -> None:
        self._core = core
        self._gate = gate
        self._backlog: PendingMessages = gate.backlog

    def find(self, number: int) -> MessageLocation:
        """Find a message.

        Args:
            number: Its id.

        Returns:
            Where it lies.

        Raises:
            EditingError: It is delivered, dropped, or was never there; or it cannot be changed any more.
        """
        self._gate.pending()  # numbers those that have no number yet
        for scope in self.scopes():
            batch = self._backlog.of(scope)
            places: tuple[tuple[Literal["batch", "pending", "held"], Sequence[Message]], ...] = (
                ("batch", batch.left if batch is not None else ()),
                ("pending", scope.pending),
                ("held", tuple(scope.held)),
            )
            for kind, messages in places:
                for index, message in enumerate(messages):
                    if message.id == number and number:
                        spot = MessageLocation(scope, message, kind, index)
                        self._check_unspent(spot, batch)
                        return spot
        raise EditingError(
            "unknown_message",
            f"message {number} is not pending: it was delivered or dropped, or has not been taken in; list them again",
        )

    def scopes(self) -> Iterator[Scope]:
        """Give the processes of the run, those inside the elements of maps too."""
        yield from dict.fromkeys([*self._core.root.scopes(), *(scope for scope, _ in self._backlog.batches(()))])

    def _check_unspent(self, spot: MessageLocation, batch: Batch | None) -> None:
        """Refuse a message whose value a call that has begun was given as an optional input."""
        if spot.kind != "batch" or batch is None or not is_spent(spot.scope, batch, spot.message):
            return
        raise EditingError(
            "already_used",
            f"the value of {spot.message} has gone to a call that has begun, as an optional input; it is too late",
        )

    def queue_of(self, spot: MessageLocation) -> list[Message]:
        """Give a copy of the list in which a message lies.

        Args:
            spot: Where it lies.
        """
        batch = self._backlog.of(spot.scope)
        if spot.kind == "batch" and batch is not None:
            return list(batch.left)
        return list(spot.scope.pending if spot.kind == "pending" else spot.scope.held)

    def lay(self, spot: MessageLocation, messages: list[Message]) -> None:
        """Make the list in which a message lies another one.

        Args:
            spot: Where it lies.
            messages: What is to be there, in order.
        """
        if spot.kind == "batch":
            self.lay_batch(spot.scope, messages)
        elif spot.kind == "pending":
            spot.scope.pending = messages
        else:
            spot.scope.held = {message: spot.scope.held.get(message, False) for message in messages}

    def lay_batch(self, scope: Scope, messages: list[Message]) -> None:
        """Have other messages delivered in what is left of a superstep.

        Args:
            scope: The process.
            messages: The messages, in order.
        """
        batch = self._backlog.of(scope)
        assert batch is not None
        spent = set(scope.inbox.recall(batch.left, [batch.calls[m] for m in batch.left if m in batch.calls]))
        batch.left = messages
        batch.calls = dict(scope.inbox.deliver(scope, [message for message in messages if message not in spent]))
        self._gate.requeued(scope)

    def keep(self, scope: Scope) -> Restore:
        """Remember the queues of a process.

        Args:
            scope: The process.

        Returns:
            What makes them as they are now; not for a process that has ended by then.
        """
        batch = self._backlog.of(scope)
        left, calls = (list(batch.left), dict(batch.calls)) if batch is not None else ([], {})
        pending, held, waiting = list(scope.pending), scope.held, scope.inbox.save()
        stop, since = (scope.stop_route, scope.stop_seq), scope.since_input
        told = [(message, message.data, message.seq) for message in [*left, *pending, *held]]
        changed = set(self._backlog.changed)
        forced = None if self._core.forced is None else dict(self._core.forced)

        def restore() -> None:
            for message, data, seq in told:
                message.data, message.seq = data, seq
            scope.pending, scope.held = pending, held
            scope.stop_route, scope.stop_seq = stop
            scope.since_input = since
            self._backlog.changed = changed
            self._core.forced = forced
            if batch is not None and batch.is_open:
                batch.left, batch.calls = left, calls
                scope.inbox.restore(waiting)
                self._gate.requeued(scope)

        return restore

    def described(self, scope: Scope) -> list[dict[str, Any]]:
        """Describe the queue of a process as it is now, for a run that is taken up after it was cut off here.

        Args:
            scope: The process.

        Returns:
            The description, in a list; empty where there is no run file, or the process is between two supersteps.
        """
        if self._core.writer is None or not scope.in_superstep:
            return []
        batch = self._backlog.of(scope)
        messages = [*batch.delivered, *batch.left] if batch is not None else scope.delivered
        return [dump_queue(scope, messages, self._core.forced or {})]


def is_spent(scope: Scope, batch: Batch, message: Message) -> bool:
    """Tell whether a call that has begun has the value of a message that is still to be delivered.

    Args:
        scope: The process.
        batch: What is left of its superstep.
        message: The message.
    """
    if message in batch.calls or any(message in call.messages for call in batch.calls.values()):
        return False
    return not any(held.message is message for fifos in scope.inbox.waiting.values() for fifo in fifos for held in fifo)


def fitting(route: CompiledRoute, data: Any) -> Any:
    """Check a payload against the parameter that a route feeds.

    Args:
        route: The route.
        data: The payload, or NO_DATA.

    Returns:
        The value as the parameter wants it.

    Raises:
        EditingError: It does not fit.
    """
    if route.parameter is None:
        return data
    try:
        return checked(route, data)
    except PayloadMismatchError as error:
        raise EditingError(
            "payload_mismatch", f"it does not fit {route.target}, parameter {route.parameter!r}: {error}"
        ) from error

"""The backlog: the messages of supersteps that have begun and that have not been delivered yet."""

from collections.abc import Iterable

from process_core.debug.chronicle import Chronicle
from process_core.debug.moments import is_within
from process_core.debug.points import PendingItem, pending_item
from process_core.engine.core import RunCore
from process_core.engine.invocation import Invocation, Message
from process_core.engine.scope import Scope


class Backlog:
    """Keeps what each process has still to deliver in its superstep.

    Args:
        core: The run.
        chronicle: Where it is said what will never be delivered.
    """

    def __init__(self, core: RunCore, chronicle: Chronicle) -> None:
        self._core = core
        self._chronicle = chronicle
        self._left: dict[Scope, list[Message]] = {}
        self._last_id = 0

    def take(self, scope: Scope, batch: Iterable[Message]) -> None:
        """Take in the messages of a superstep.

        Args:
            scope: The process.
            batch: The messages, in order of delivery.
        """
        self._left[scope] = list(batch)

    def of(self, scope: Scope) -> list[Message]:
        """Give what a process has still to deliver; delivering one takes it off this list.

        Args:
            scope: The process.
        """
        return self._left[scope]

    def close(self, scope: Scope) -> None:
        """Note that a process is through with its superstep's messages.

        Args:
            scope: The process.
        """
        self._left.pop(scope, None)

    def discard(self, within: Invocation | None = None) -> None:
        """Forget what will not be delivered, since its process was cancelled, and say so.

        Args:
            within: The call that the processes run behind; None for all.
        """
        for scope, left in self._left.items():
            if left and (within is None or is_within(scope, within)):
                self._chronicle.undelivered(scope, left)
                left.clear()

    def items(self, first: Iterable[Scope], held: Message | None) -> list[PendingItem]:
        """Describe what is to be delivered: of supersteps that have begun, of the next ones, and from outside.

        Args:
            first: The processes that deliver first, in this order; then come nested ones before those around them.
            held: The message that is next.
        """
        found = [
            self.item(scope, message, held)
            for scope in dict.fromkeys([*first, *reversed(self._left)])
            for message in self._left.get(scope, ())
        ]
        for scope in self._core.root.scopes():
            found += [self.item(scope, message, held) for message in scope.pending]
        for kind, subject, data in self._core.inputs:
            if kind == "event":
                found.append(PendingItem(0, subject, None, "", "", None, None, None, data))
        return found

    def item(self, scope: Scope, message: Message, held: Message | None) -> PendingItem:
        """Describe a message, and number it where it has no number yet.

        Args:
            scope: The process it is delivered in.
            message: The message.
            held: The message that is next.
        """
        if not message.id:
            self._last_id += 1
            message.id = self._last_id
        return pending_item(message, scope.prefix, is_next=message is held)

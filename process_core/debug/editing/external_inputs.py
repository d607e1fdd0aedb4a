"""Outside events that a paused run has not taken in: they have no messages yet, and are changed as they are."""

from typing import Any

from process_core.debug.editing.edit_record import Restore
from process_core.debug.editing.queue import fitting
from process_core.debug.pending_messages import PendingMessages
from process_core.engine.core import RunCore
from process_core.events import NO_DATA


class ExternalInputs:
    """Changes the outside events that wait.

    Args:
        core: The run.
        backlog: Numbers them.
    """

    def __init__(self, core: RunCore, backlog: PendingMessages) -> None:
        self._core = core
        self._backlog = backlog

    def place_of(self, number: int) -> int | None:
        """Find an event.

        Args:
            number: Its id among what is pending.

        Returns:
            Its place among the inputs of the run, or None.
        """
        for place, entry in enumerate(self._core.inputs):
            if entry[0] == "event" and self._backlog.number_of(entry) == number:
                return place
        return None

    def event_at(self, place: int) -> tuple[str, Any]:
        """Give an event.

        Args:
            place: As `place_of` gave it.

        Returns:
            Its id and payload.
        """
        _, event_id, data = self._core.inputs[place]
        return event_id, data

    def drop(self, place: int) -> Restore:
        """Forget an event.

        Args:
            place: As `place_of` gave it.

        Returns:
            What takes that back.
        """
        inputs = list(self._core.inputs)
        del inputs[place]
        return self._lay(inputs)

    def move(self, place: int, to: int) -> Restore:
        """Take an event in at another place.

        Args:
            place: As `place_of` gave it.
            to: Its place among what comes from outside.

        Returns:
            What takes that back.
        """
        inputs = list(self._core.inputs)
        inputs.insert(max(0, to), inputs.pop(place))
        return self._lay(inputs)

    def duplicate(self, place: int) -> Restore:
        """Take an event in twice.

        Args:
            place: As `place_of` gave it.

        Returns:
            What takes that back.
        """
        inputs = list(self._core.inputs)
        kind, event_id, data = inputs[place]
        copy = (kind, event_id, data)
        inputs.insert(place + 1, copy)
        self._backlog.mark_input(copy)
        return self._lay(inputs)

    def edit(self, place: int, data: Any) -> Restore:
        """Give an event another payload.

        Args:
            place: As `place_of` gave it.
            data: The payload.

        Returns:
            What takes that back.

        Raises:
            SurgeryError: It does not fit where the event goes.
        """
        inputs = list(self._core.inputs)
        kind, event_id, _ = old = inputs[place]
        for route in self._core.plan.entries[event_id].matching(None if data is NO_DATA else data, lambda *_: None):
            if route.step is not None:
                fitting(route, data)
        inputs[place] = new = (kind, event_id, data)
        self._backlog.mark_input(new, like=old)
        return self._lay(inputs)

    def _lay(self, inputs: list[tuple[str, Any, Any]]) -> Restore:
        before, after = list(self._core.inputs), {id(entry) for entry in inputs}
        self._core.inputs[:] = inputs

        def restore() -> None:
            since = [entry for entry in self._core.inputs if id(entry) not in after]
            self._core.inputs[:] = [*before, *since]

        return restore

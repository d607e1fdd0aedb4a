"""Outside events that a paused run has not taken in: they have no messages yet, and are changed as they are."""

from typing import Any

from process_core.debug.editing.history import Restore
from process_core.debug.editing.queue import fitting
from process_core.debug.pending_messages import PendingMessages
from process_core.engine.records import RunRecord
from process_core.events import NO_DATA


class ExternalInputs:
    """Changes the outside events that wait.

    Args:
        run: The run.
        pending_messages: Numbers them.
    """

    def __init__(self, run: RunRecord, pending_messages: PendingMessages) -> None:
        self._run = run
        self._pending = pending_messages

    def place_of(self, number: int) -> int | None:
        """Find an event.

        Returns:
            Its place among the inputs of the run, or None.
        """
        for place, entry in enumerate(self._run.inputs):
            if entry[0] == "event" and self._pending.number_of(entry) == number:
                return place
        return None

    def event_at(self, place: int) -> tuple[str, Any]:
        """Return an event."""
        _, event_id, data = self._run.inputs[place]
        return event_id, data

    def drop(self, place: int) -> Restore:
        """Forget an event."""
        inputs = list(self._run.inputs)
        del inputs[place]
        return self._replace(inputs)

    def move(self, place: int, to: int) -> Restore:
        """Take an event in at another place."""
        inputs = list(self._run.inputs)
        inputs.insert(max(0, to), inputs.pop(place))
        return self._replace(inputs)

    def duplicate(self, place: int) -> Restore:
        """Take an event in twice."""
        inputs = list(self._run.inputs)
        kind, event_id, data = inputs[place]
        copy = (kind, event_id, data)
        inputs.insert(place + 1, copy)
        self._pending.mark_input(copy)
        return self._replace(inputs)

    def concealed(self, place: int, data: Any) -> Any:
        """Return a payload for an event with its secrets hidden."""
        return self._run.plan.entries[self._run.inputs[place][1]].conceal(data)

    def edit(self, place: int, data: Any) -> Restore:
        """Return an event another payload.

        Raises:
            SurgeryError: It does not fit where the event goes.
        """
        inputs = list(self._run.inputs)
        kind, event_id, _ = old = inputs[place]
        for route in self._run.plan.entries[event_id].matching(None if data is NO_DATA else data, lambda *_: None):
            if route.step is not None:
                fitting(route, data)
        inputs[place] = new = (kind, event_id, data)
        self._pending.mark_input(new, like=old)
        return self._replace(inputs)

    def _replace(self, inputs: list[tuple[str, Any, Any]]) -> Restore:
        before, after = list(self._run.inputs), {id(entry) for entry in inputs}
        self._run.inputs[:] = inputs

        def restore() -> None:
            since = [entry for entry in self._run.inputs if id(entry) not in after]
            self._run.inputs[:] = [*before, *since]

        return restore

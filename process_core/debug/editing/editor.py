"""Changes what a paused run is about to do, one recorded and undoable edit at a time."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from process_core.debug.debug_events import DebugEvents, EditSite
from process_core.debug.editing.external_inputs import ExternalInputs
from process_core.debug.editing.force_complete import ForceComplete, concealed
from process_core.debug.editing.history import EditHistory, EditingError, EditRecord, Restore
from process_core.debug.editing.inject import Injection
from process_core.debug.editing.queue import MessageLocation, QueueEditor, fitting
from process_core.debug.editing.state import StateEditor
from process_core.debug.pause_controller import PauseController
from process_core.engine.recorder import snapshot
from process_core.engine.records import Message, RunRecord
from process_core.events import NO_DATA, event_name


class Editor:
    """Changes a run that is paused, or idle.

    Every act is one `operator` event, and can be undone, the last one first, until the run goes on. What a message
    leads to has the act that changed or made it among its causes. A refused act raises `EditingError` and has changed
    nothing. What is done to queues while the run is paused is written so that a run that is cut off here and resumed
    again goes on with them; the exception is `force_complete` of a call that waits for an answer, which is asked again.

    Args:
        run: The run.
        controller: What holds it.
        debug_events: Records the acts.
    """

    def __init__(self, run: RunRecord, controller: PauseController, debug_events: DebugEvents) -> None:
        self._run = run
        self._controller = controller
        self._queues = QueueEditor(run, controller)
        self._states = StateEditor(run)
        self._forcing = ForceComplete(run, controller)
        self._injection = Injection(run)
        self._outside = ExternalInputs(run, controller.messages)
        self._history = EditHistory(run, controller, debug_events, self._queues.described)
        self._ahead: dict[Message, tuple[object, tuple[Message, ...]]] = {}

    @property
    def last(self) -> EditRecord | None:
        """What `undo` would take back, or None."""
        return self._history.last

    # Messages.

    def move(self, message: int, place: int = 0) -> EditRecord:
        """Deliver a message at another place among those of its process.

        Args:
            message: Its id.
            place: Its new place, 0 first; the messages of the next superstep come after those of this one.

        Raises:
            EditingError: See the class.
        """
        outside = self._waiting_outside(message)
        if outside is not None:
            return self._did_outside("move", "moves {}", outside, lambda: self._outside.move(outside, place))
        location = self._movable(message)
        process = location.process
        batch = self._controller.messages.of(process)
        left = [m for m in batch.left if m is not location.message] if batch is not None else []
        pending = [m for m in process.pending if m is not location.message]
        place = max(0, min(place, len(left) + len(pending)))
        if place < len(left) or (place == len(left) and location.kind == "batch"):
            left.insert(place, location.message)
        else:
            pending.insert(place - len(left), location.message)
        restore = self._queues.remember(process)
        process.pending = pending
        if batch is not None and batch.is_open:
            self._queues.replace_batch(process, left)
        what = "delivers" if place else "delivers first"
        at = f" at place {place}" if place else ""
        return self._did("move", f"{what} {location.message}{at}", location, restore, {"place": place})

    def hold(self, message: int) -> EditRecord:
        """Keep a message back, over supersteps, until it is let go.

        Raises:
            EditingError: See the class.
        """
        if self._waiting_outside(message) is not None:
            raise EditingError("not_taken_in", "it has not been taken in; hold it in the next superstep, or drop it")
        location = self._movable(message)
        queue = self._queues.queue_of(location)
        restore = self._queues.remember(location.process)
        ahead = tuple(queue[: location.index])
        queue.remove(location.message)
        self._queues.replace(location, queue)
        location.process.held = {**location.process.held, location.message: False}
        self._ahead[location.message] = (self._list_of(location), ahead)
        return self._did("hold", f"holds {location.message}", location, restore)

    def let_go(self, message: int) -> EditRecord:
        """Deliver a message that was kept back: where it was, or first in the next superstep.

        Raises:
            EditingError: See the class.
        """
        location = self._find(message)
        process, found = location.process, location.message
        if location.kind != "held":
            raise EditingError("not_held", f"{found} is not held back")
        restore = self._queues.remember(process)
        process.held = {m: is_reported for m, is_reported in process.held.items() if m is not found}
        was_in, ahead = self._ahead.get(found, (None, ()))
        batch = self._controller.messages.of(process)
        if batch is not None and batch.is_open and was_in is batch:
            self._queues.replace_batch(process, _with(batch.left, found, ahead))
        else:
            process.pending = _with(process.pending, found, ahead)
        return self._did("let_go", f"lets go {found}", location, restore, stirs=True)

    def drop(self, message: int) -> EditRecord:
        """Never deliver a message; what waited for it goes on waiting.

        Raises:
            EditingError: See the class.
        """
        outside = self._waiting_outside(message)
        if outside is not None:
            return self._did_outside("drop", "drops {}", outside, lambda: self._outside.drop(outside))
        location = self._find(message)
        restore = self._queues.remember(location.process)
        self._queues.replace(location, [m for m in self._queues.queue_of(location) if m is not location.message])
        is_last = location.kind == "held" and not location.process.held and location.process.parent is not None
        before = {"before": _payload(location.message.data)}
        return self._did("drop", f"drops {location.message}", location, restore, before, stirs=is_last)

    def duplicate(self, message: int) -> EditRecord:
        """Deliver a message once more, right after itself.

        Raises:
            EditingError: See the class.
        """
        outside = self._waiting_outside(message)
        if outside is not None:
            return self._did_outside(
                "duplicate", "delivers {} twice", outside, lambda: self._outside.duplicate(outside)
            )
        location = self._movable(message)
        old = location.message
        copy = Message(old.route, old.data, old.seq, old.event_id, old.source, handles=old.handles)
        restore = self._queues.remember(location.process)
        queue = self._queues.queue_of(location)
        queue.insert(location.index + 1, copy)
        self._queues.replace(location, queue)
        return self._did("duplicate", f"delivers {old} twice", location, restore, marks=(copy,))

    def edit(self, message: int, data: Any) -> EditRecord:
        """Return a message another payload.

        Args:
            message: Its id.
            data: The payload; checked against the parameter that it goes to.

        Raises:
            EditingError: See the class; `payload_mismatch` where it does not fit.
        """
        outside = self._waiting_outside(message)
        if outside is not None:
            data = self._outside.concealed(outside, data)
            return self._did_outside("edit", "edits {}", outside, lambda: self._outside.edit(outside, data), data)
        location = self._find(message)
        found = location.message
        data = fitting(found.route, data)
        restore = self._queues.remember(location.process)
        before = _payload(found.data)
        found.data = data
        self._queues.replace(location, self._queues.queue_of(location))
        details = {"before": before, "after": _payload(data)}
        return self._did("edit", f"edits {found}", location, restore, details, data=data, marks=(found,))

    # Events, states, calls.

    def inject(self, event: str | Enum, data: Any = NO_DATA, step: str | None = None) -> EditRecord:
        """Bring in an event, from outside or as if a step had emitted it.

        Args:
            event: Its id.
            data: Its payload; checked against the parameters that it goes to.
            step: Path of the step; None for an outside event.

        Raises:
            EditingError: See the class; `unknown_event`, `unknown_step`, `payload_mismatch`, `no_route`.
        """
        self._history.check()
        name = event_name(event) if event else ""
        prepared = self._injection.prepare(name, data, step, at_rest=self._controller.paused is None)
        process, data = prepared.process, prepared.data
        restore = self._queues.remember(process)
        messages = self._injection.put(prepared)
        place = EditSite(step or "", process.superstep, event_id=name)
        text = f"injects {name}" + (f" as emitted by {step}" if step else "")
        record = self._history.act(
            "inject", text, process, place, restore, {}, data=None if data is NO_DATA else data, marks=messages
        )
        if prepared.is_for_outside:
            self._run.driver.put("event", name, data)
            self._history.forget()
        elif self._controller.paused is None:
            self._history.stir(process)
        return record

    def edit_state(self, path: str, state: Any) -> EditRecord:
        """Return a step another state.

        Raises:
            EditingError: See the class; `unknown_step`, `no_state`, `step_busy`, `invalid_state`.
        """
        self._history.check()
        slot, new = self._states.prepare(path, state)
        before = snapshot(slot.state)
        restore = self._states.put(slot, new)
        process = slot.scope.process
        place = EditSite(path, process.superstep)
        details = {"before": before, "after": snapshot(new), "state": True}
        return self._history.act("edit_state", f"edits the state of {path}", process, place, restore, details, data=new)

    def force_complete(self, path: str, result: Any = None) -> EditRecord:
        """End a call as if it had returned: one that waits for an answer, or the next one that a message would make.

        Raises:
            EditingError: See the class; `unknown_step`, `nothing_to_complete`.
        """
        self._history.check()
        target = self._forcing.find(path)
        process, result = target.process, concealed(target, result)
        restore_queues = self._queues.remember(process)
        restore_target = self._forcing.put(target, result)

        def restore() -> None:
            restore_queues()
            restore_target()

        message = target.message
        place = EditSite(
            path,
            process.superstep,
            target.call.function.name,
            message.event_id if message is not None else None,
            message.route.id if message is not None else None,
            target.causes,
        )
        details = {"waited": target.request is not None}
        marks = () if message is None else (message,)
        text = f"completes {target.call} by hand"
        record = self._history.act(
            "force_complete", text, process, place, restore, details, data=_payload(result), marks=marks
        )
        if self._controller.paused is None:
            self._history.forget()
        return record

    def undo(self) -> EditRecord:
        """Take the last act back.

        Raises:
            EditingError: There is none, or the run has gone on since.
        """
        return self._history.undo()

    # What an editor shows.

    def payload(self, message: int) -> tuple[Any, Any]:
        """Return what a message carries.

        Returns:
            The payload, or NO_DATA, and the annotation of the parameter that it goes to.

        Raises:
            EditingError: It is not pending.
        """
        outside = self._outside.place_of(message) if message else None
        if outside is not None:
            return self._outside.event_at(outside)[1], Any
        location = self._queues.find(message)
        return location.message.data, location.message.route.check.annotation

    def state(self, path: str) -> tuple[Any, Any]:
        """Return the state of a step.

        Returns:
            The state and its type; None for a type that is not declared.

        Raises:
            EditingError: There is no such step, or it has no state.
        """
        slot = self._states.find(path)
        return slot.state, slot.plan.spec.state_type

    # How it works.

    def _find(self, number: int) -> MessageLocation:
        self._history.check()
        return self._queues.find(number)

    def _movable(self, number: int) -> MessageLocation:
        location = self._find(number)
        if location.kind == "held":
            raise EditingError("held", f"{location.message} is held back; let it go first")
        return location

    def _waiting_outside(self, number: int) -> int | None:
        self._history.check()
        return self._outside.place_of(number) if number else None

    def _did_outside(
        self, code: str, text: str, place: int, change: Callable[[], Restore], data: Any = None
    ) -> EditRecord:
        """Change an outside event that has not been taken in, and record that."""
        event_id, before = self._outside.event_at(place)
        restore, root = change(), self._run.root
        where = EditSite("", root.superstep, event_id=event_id)
        details = {"before": _payload(before)}
        return self._history.act(code, text.format(event_id), root, where, restore, details, data=data)

    def _list_of(self, location: MessageLocation) -> object:
        return self._controller.messages.of(location.process) if location.kind == "batch" else None

    def _did(
        self,
        code: str,
        text: str,
        location: MessageLocation,
        restore: Restore,
        details: dict[str, Any] | None = None,
        *,
        data: Any = None,
        marks: Iterable[Message] = (),
        stirs: bool = False,
    ) -> EditRecord:
        message, route = location.message, location.message.route
        place = EditSite(
            location.process.prefix + (route.step.name if route.step is not None else ""),
            location.process.superstep,
            route.function.name if route.function is not None else None,
            message.event_id,
            route.id,
            (message.seq,) if message.seq else (),
        )
        recorded = {"message": message.id, "from": location.kind, "was_at": location.index, **(details or {})}
        act = self._history.act(code, text, location.process, place, restore, recorded, data=data, marks=marks)
        if stirs:
            self._history.stir(location.process)
        return act


def _with(messages: list[Message], message: Message, ahead: tuple[Message, ...]) -> list[Message]:
    """Put a message after the last of those that were ahead of it."""
    place = max((i + 1 for i, m in enumerate(messages) if m in ahead), default=0)
    return [*messages[:place], message, *messages[place:]]


def _payload(data: Any) -> Any:
    return None if data is NO_DATA else snapshot(data)

"""The acts of an operator: whether one may be done now, how it is recorded, and how it is taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from process_core.debug.debug_events import DebugEvents, EventSite
from process_core.debug.editing.edit_record import EditingError, EditRecord, Restore
from process_core.debug.editing.queue import QueueEditor
from process_core.debug.pause_controller import PauseController
from process_core.engine.composite import NestedScope
from process_core.engine.core import RunCore
from process_core.engine.invocation import Message
from process_core.engine.scope import Scope


@dataclass(frozen=True, slots=True)
class _Done:
    """An act that can be taken back."""

    operation: EditRecord
    scope: Scope
    place: EventSite
    restore: Restore
    is_state: bool


class EditHistory:
    """Records acts, and keeps them until the run goes on.

    Args:
        core: The run.
        gate: What holds it.
        chronicle: Where they are recorded.
        bench: Describes the queues that they leave.
    """

    def __init__(self, core: RunCore, gate: PauseController, chronicle: DebugEvents, bench: QueueEditor) -> None:
        self._core = core
        self._gate = gate
        self._chronicle = chronicle
        self._bench = bench
        self._done: list[_Done] = []
        self._to_wake: dict[Scope, None] = {}

    @property
    def last(self) -> EditRecord | None:
        """What `undo` would take back, or None."""
        return self._done[-1].operation if self._done and self._may_act() else None

    def check(self) -> None:
        """See whether anything may be changed now.

        Raises:
            EditingError: The run is going on, or over.
        """
        if self._core.state.is_ended or self._core.is_cancelling:
            raise EditingError("run_ended", "the run is over: there is nothing to change; go back in time, or restart")
        if not self._may_act():
            raise EditingError("not_paused", "the run is going on; pause it before you change it")

    def _may_act(self) -> bool:
        core = self._core
        if core.state.is_ended or core.is_cancelling:
            return False
        return self._gate.paused is not None or (core.is_resting and core.is_answerable and not core.is_dismissed)

    def act(
        self,
        code: str,
        text: str,
        scope: Scope,
        place: EventSite,
        restore: Restore,
        details: dict[str, Any],
        *,
        data: Any = None,
        marks: Iterable[Message] = (),
    ) -> EditRecord:
        """Record an act that was done.

        Args:
            code: Which act.
            text: The same for a person.
            scope: The process whose queue it changed.
            place: What it is about.
            restore: What takes it back.
            details: More about it; `state` says that the step has another state now.
            data: The payload, state or result that was given.
            marks: The messages that it made or changed.

        Returns:
            The act.
        """
        recorder = self._core.recorder
        for message in marks:
            self._gate.backlog.changed.add(message)
            if recorder is not None:
                message.seq = recorder.seq + 1
        operation = self._tell(code, text, scope, place, details, data)
        self._gate.on_going_on = self._goes_on
        self._done.append(_Done(operation, scope, place, restore, is_state="state" in details))
        return operation

    def undo(self) -> EditRecord:
        """Take the last act back.

        Returns:
            That.

        Raises:
            EditingError: There is none, or the run has gone on since, or the process in question has ended.
        """
        self.check()
        if not self._done:
            raise EditingError("nothing_to_undo", "nothing was changed since the run came to stand here")
        done = self._done.pop()
        scope = done.scope
        if not done.is_state and (scope.is_dead or scope.failed is not None or scope.is_stopped):
            what = f"nested process {scope.prefix[:-1]}" if scope.prefix else "the process"
            raise EditingError("process_ended", f"{what} has ended since: {done.operation.text} cannot be taken back")
        done.restore()
        details: dict[str, Any] = {"undoes": done.operation.seq, "act": done.operation.code}
        if done.is_state:
            details["state"] = True
        return self._tell("undo", f"undoes: {done.operation.text}", done.scope, done.place, details)

    def _tell(
        self, code: str, text: str, scope: Scope, place: EventSite, details: dict[str, Any], data: Any = None
    ) -> EditRecord:
        told = {"code": code, "text": text, **details}
        queues = self._bench.described(scope)
        if queues:
            told["queues"] = queues
        seq = self._chronicle.operator(place, told, data)
        if self._gate.paused is None and self._core.on_altered is not None:
            self._core.on_altered()
        self._gate.tell()
        return EditRecord(code, text, seq or None)

    def stir(self, scope: Scope) -> None:
        """Have a process that sleeps deliver what it was given, or end, as soon as the run goes on.

        Args:
            scope: The process.
        """
        self._to_wake[scope] = None
        self._gate.on_going_on = self._goes_on
        if self._gate.paused is None:
            self._core.stir()
            self._goes_on()

    def forget(self) -> None:
        """Take nothing back any more."""
        self._done.clear()

    def _goes_on(self) -> None:
        self._gate.on_going_on = None
        self._done.clear()
        scopes, self._to_wake = self._to_wake, {}
        for scope in scopes:
            parent = scope.parent
            if not isinstance(scope, NestedScope) or parent is None or not parent.is_parked:
                continue
            if scope.pending or not (scope.held or scope.parked):
                scope.wake_up()

"""The acts of an operator: whether one may be done now, how it is recorded, and how it is taken back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from process_core.debug.debug_events import DebugEvents, EditSite
from process_core.debug.pause_controller import PauseController
from process_core.engine.records import Message, ProcessRecord, RunRecord
from process_core.errors import ProcessError


class EditingError(ProcessError):
    """An act makes no sense now; nothing has changed.

    Attributes:
        code: Stable name of the reason.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class EditRecord:
    """What was done to a run by hand.

    Attributes:
        code: Which act, e.g. `drop`.
        text: In one line, for a person.
        seq: Seq of its `operator` event, None where nothing records.
    """

    code: str
    text: str
    seq: int | None


Restore = Callable[[], None]
"""Puts back what an act has changed."""


@dataclass(frozen=True, slots=True)
class _Done:
    """An act that can be taken back."""

    record: EditRecord
    process: ProcessRecord
    place: EditSite
    restore: Restore
    is_state: bool


class EditHistory:
    """Records acts, and keeps them until the run goes on.

    Args:
        run: The run.
        controller: What holds it.
        debug_events: Where they are recorded.
        describe_queues: Describes the queue of a process as an act leaves it, for its event.
    """

    def __init__(
        self,
        run: RunRecord,
        controller: PauseController,
        debug_events: DebugEvents,
        describe_queues: Callable[[ProcessRecord], list[dict[str, Any]]],
    ) -> None:
        self._run = run
        self._controller = controller
        self._debug_events = debug_events
        self._describe_queues = describe_queues
        self._done: list[_Done] = []
        self._to_wake: dict[ProcessRecord, None] = {}

    @property
    def last(self) -> EditRecord | None:
        """What `undo` would take back, or None."""
        return self._done[-1].record if self._done and self._may_act() else None

    def check(self) -> None:
        """See whether anything may be changed now.

        Raises:
            EditingError: The run is going on, or over.
        """
        if self._run.state.is_ended or self._run.is_cancelling:
            raise EditingError("run_ended", "the run is over: there is nothing to change; go back in time, or restart")
        if not self._may_act():
            raise EditingError("not_paused", "the run is going on; pause it before you change it")

    def _may_act(self) -> bool:
        run = self._run
        if run.state.is_ended or run.is_cancelling:
            return False
        return self._controller.paused is not None or (
            run.driver.is_idle and run.is_answerable and not run.is_dismissed
        )

    def act(
        self,
        code: str,
        text: str,
        process: ProcessRecord,
        place: EditSite,
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
            process: The process whose queue it changed.
            place: What it is about.
            restore: What takes it back.
            details: More about it; `state` says that the step has another state now.
            data: The payload, state or result that was given.
            marks: The messages that it made or changed.
        """
        recorder = self._run.recorder
        for message in marks:
            self._controller.messages.changed.add(message)
            if recorder is not None:
                message.seq = recorder.seq + 1
        record = self._record(code, text, process, place, details, data)
        self._controller.on_continue = self._goes_on
        self._done.append(_Done(record, process, place, restore, is_state="state" in details))
        return record

    def undo(self) -> EditRecord:
        """Take the last act back.

        Raises:
            EditingError: There is none, or the run has gone on since, or the process in question has ended.
        """
        self.check()
        if not self._done:
            raise EditingError("nothing_to_undo", "nothing to undo since this pause")
        done = self._done.pop()
        process = done.process
        if not done.is_state and (process.is_dead or process.failed is not None or process.is_stopped):
            what = f"nested process {process.prefix[:-1]}" if process.prefix else "the process"
            raise EditingError("process_ended", f"{what} has ended since: {done.record.text} cannot be taken back")
        done.restore()
        details: dict[str, Any] = {"undoes": done.record.seq, "act": done.record.code}
        if done.is_state:
            details["state"] = True
        return self._record("undo", f"undoes: {done.record.text}", done.process, done.place, details)

    def _record(
        self, code: str, text: str, process: ProcessRecord, place: EditSite, details: dict[str, Any], data: Any = None
    ) -> EditRecord:
        recorded = {"code": code, "text": text, **details}
        queues = self._describe_queues(process)
        if queues:
            recorded["queues"] = queues
        seq = self._debug_events.operator(place, recorded, data)
        if self._controller.paused is None:
            for hook in self._run.queue_changed:
                hook()
        self._controller.notify()
        return EditRecord(code, text, seq or None)

    def stir(self, process: ProcessRecord) -> None:
        """Make a parked process deliver what it received, or end, as soon as the run goes on."""
        self._to_wake[process] = None
        self._controller.on_continue = self._goes_on
        if self._controller.paused is None:
            self._run.driver.look_again()
            self._goes_on()

    def forget(self) -> None:
        """Take nothing back any more."""
        self._done.clear()

    def _goes_on(self) -> None:
        self._controller.on_continue = None
        self._done.clear()
        processes, self._to_wake = self._to_wake, {}
        for process in processes:
            if process.parent is not None:
                self._run.driver.look_again(process)

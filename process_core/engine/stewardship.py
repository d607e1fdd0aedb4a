"""What a running function may do to its run: emit, add events, and be warned about."""

import copy
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from process_core.engine.invocation import Emission, Invocation
from process_core.errors import StepContextError
from process_core.events import NO_DATA, Visibility, WorkflowEvent

if TYPE_CHECKING:
    from process_core.engine.core import RunCore

_log = logging.getLogger("process_core")


class EventSite(NamedTuple):
    """What an event is about: a path and, where it is a step's, its name and function."""

    path: str
    step: str | None
    function: str | None


class Stewardship:
    """Takes in what functions emit and add while they run.

    Attributes:
        run: The run.
        prefix: What paths in it start with.
        superstep: The superstep of the process, from 1.
    """

    __slots__ = ()

    run: "RunCore"
    prefix: str
    superstep: int

    def check_open(self, invocation: Invocation) -> bool:
        """See whether what an invocation does still counts.

        Args:
            invocation: Who acts.

        Returns:
            False where it was cancelled, so that its acts have no effect.

        Raises:
            StepContextError: It has returned: some task or thread it left behind acts for it.
        """
        if not invocation.is_closed:
            return True
        if invocation.is_cancelled:
            return False
        raise StepContextError(
            f"{invocation} has returned, so this has no effect; await what it started before it returns"
        )

    def emit(self, invocation: Invocation, event_id: str, data: Any, visibility: Visibility) -> None:
        """Take in a process event; see `StepContext.emit_event`."""
        if invocation.is_closed:
            try:
                if not self.check_open(invocation):
                    return
            except StepContextError as error:
                self.warn("late_emission", f"{event_id!r}: {error}", invocation, event_id=event_id)
                raise
        run = self.run
        seq = 0
        slot = invocation.slot
        if run.recorder is not None:
            details: Mapping[str, Any] | None = CARRIES_NONE if data is None else None
            if visibility is Visibility.PUBLIC:
                details = _PUBLIC_NONE if data is None else _PUBLIC
            seq = run.recorder.record(
                "event_emitted",
                slot.path,
                slot.plan.name,
                invocation.function.name,
                self.superstep,
                None if data is NO_DATA else data,
                event_id,
                (invocation.seq,),
                None,
                details,
            )
        invocation.emissions.append(Emission(event_id, data, visibility, seq, slot.path))
        if run.on_emitted is not None:
            run.on_emitted(invocation, event_id, data, seq)

    def add(self, invocation: Invocation, event: WorkflowEvent) -> None:
        """Take in an event of the user's own; see `StepContext.add_event`."""
        if not self.check_open(invocation):
            return
        if event.type == "output":
            if invocation.outputs is None:
                invocation.outputs = []
            invocation.outputs.append(event.data)
        recorder = self.run.recorder
        if recorder is not None:
            slot = invocation.slot
            event = copy.copy(event)  # the user may add the same one again
            event.path, event.step, event.function = slot.path, slot.plan.name, invocation.function.name
            event.superstep, event.causes = self.superstep, (invocation.seq,)
            if event.type == "warning" and event.details is None:
                event.details = {"code": "user_warning"}
            recorder.pass_on(event)
            if event.type == "warning" and self.run.on_warned is not None:
                self.run.on_warned(self, event)

    def warn(self, code: str, message: str, where: "Invocation | EventSite | None" = None, **details: Any) -> int:
        """Say something that would otherwise be silent.

        Args:
            code: Stable name of the kind of warning.
            message: What happened, and where.
            where: Whose doing it is, or which function is concerned; None for the process.
            details: More about it; `event_id`, `route` and `causes` go into the envelope.

        Returns:
            Seq of the warning, 0 where nothing records.
        """
        recorder = self.run.recorder
        if recorder is None:
            # A question that waits is no surprise: the run's state and `pending_requests` tell of it anyway.
            _log.log(logging.INFO if code == "pending_request" else logging.WARNING, "%s: %s", code, message)
            return 0
        causes = details.pop("causes", ())
        if isinstance(where, Invocation):
            causes = causes or ((where.seq,) if where.seq else ())
            where = EventSite(where.slot.path, where.slot.plan.name, where.function.name)
        elif where is None:
            where = EventSite(self.prefix.rstrip("/"), None, None)
        event = WorkflowEvent(
            "warning",
            message,
            event_id=details.pop("event_id", None),
            superstep=self.superstep,
            path=where.path,
            step=where.step,
            function=where.function,
            causes=causes,
            route=details.pop("route", None),
            details={"code": code, "message": message, **details},
        )
        recorder.pass_on(event)
        if self.run.on_warned is not None:
            self.run.on_warned(self, event)
        return event.seq


CARRIES_NONE = {"has_data": True}
"""Details of an `event_emitted` whose payload is None, which is not the same as none."""
_PUBLIC = {"visibility": "public"}
_PUBLIC_NONE = {**_PUBLIC, **CARRIES_NONE}

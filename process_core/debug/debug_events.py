"""What a debugger writes into the events of a run: pauses, hits, logpoints, and what it kept from being delivered."""

from typing import Any, NamedTuple

from process_core.debug.breakpoint_index import Hit
from process_core.debug.breakpoints import Breakpoint
from process_core.debug.debug_state import PausePoint
from process_core.debug.occurrence import Occurrence
from process_core.engine.recorder import snapshot
from process_core.engine.records import Message, ProcessRecord, RunRecord
from process_core.events import WorkflowEvent


class EditSite(NamedTuple):
    """What an edit is about: the envelope of its `operator` event."""

    path: str
    superstep: int
    function: str | None = None
    event_id: str | None = None
    route: str | None = None
    causes: tuple[int, ...] = ()


class DebugEvents:
    """Records what a debugger does to a run.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def hit(self, hit: Hit) -> None:
        """Record that a breakpoint stops the run."""
        point, occurrence = hit.breakpoint, hit.occurrence
        details: dict[str, Any] = {"breakpoint": point.id, "hit": hit.count}
        if point.kind != "event":
            details["kind"] = point.kind
        if occurrence.code is not None:
            details["about"] = occurrence.code
        if point.problem is not None:
            details["problem"] = point.problem
        if point.kind == "state":
            details["value"] = snapshot(occurrence.data)
        self._about(occurrence, "breakpoint_hit", details, occurrence.words if point.kind == "state" else None)

    def paused(self, point: PausePoint, superstep: int) -> None:
        """Record that the run is paused.

        Args:
            point: Where.
            superstep: Of the process that it is paused in.
        """
        details = {"reason": point.reason, "breakpoint": point.breakpoint}
        self._at(point, superstep, "paused", details, point.about or None)

    def resumed(self, point: PausePoint, superstep: int, verb: str) -> None:
        """Record that the run goes on.

        Args:
            point: Where it was paused.
            superstep: Of the process that it was paused in.
            verb: How far it goes.
        """
        self._at(point, superstep, "resumed", {"verb": "resume" if verb == "continue" else verb})

    def logpoint(self, point: Breakpoint, text: str, occurrence: Occurrence) -> None:
        """Record what a logpoint says."""
        self._about(occurrence, "log", {"stream": "logpoint", "breakpoint": point.id}, text)

    def line(self, stream: str, text: str) -> None:
        """Record a line that belongs to no step."""
        if self._run.recorder is not None:
            superstep = self._run.root.superstep
            self._run.recorder.pass_on(WorkflowEvent("log", text, {"stream": stream}, superstep=superstep))

    def operator(self, place: EditSite, details: dict[str, Any], data: Any = None) -> int:
        """Record what was changed by hand.

        Args:
            place: Where, and what is concerned.
            details: What was done.
            data: The payload, state or result that was given.

        Returns:
            Seq of the event, 0 where nothing records.
        """
        if self._run.recorder is None:
            return 0
        event = WorkflowEvent(
            "operator",
            data,
            details,
            event_id=place.event_id,
            superstep=place.superstep,
            path=place.path,
            step=place.path.rpartition("/")[2] or None,
            function=place.function,
            causes=place.causes,
            route=place.route,
        )
        return self._run.recorder.pass_on(event)

    def undelivered(self, process: ProcessRecord, messages: list[Message]) -> None:
        """Return what was held back and will never be delivered, since its process was cancelled."""
        lost = [str(message) for message in messages]
        process.warn(
            "discarded_messages",
            f"held back when it was cancelled; not delivered: {', '.join(lost)}",
            causes=tuple(dict.fromkeys(message.seq for message in messages if message.seq)),
            messages=lost,
        )

    def _about(self, occurrence: Occurrence, kind: str, details: dict[str, Any], text: str | None = None) -> None:
        if self._run.recorder is not None:
            event = WorkflowEvent(
                kind,
                text,
                details,
                event_id=occurrence.event_id,
                superstep=occurrence.superstep,
                path=occurrence.path,
                step=occurrence.step or None,
                function=occurrence.function,
                causes=(occurrence.seq,) if occurrence.seq else (),
                route=occurrence.route,
            )
            self._run.recorder.pass_on(event)

    def _at(
        self, point: PausePoint, superstep: int, kind: str, details: dict[str, Any], text: str | None = None
    ) -> None:
        item = None if point.about else point.message
        if self._run.recorder is not None:
            event = WorkflowEvent(
                kind,
                text,
                details,
                event_id=item.event_id if item is not None else None,
                superstep=superstep,
                path=point.path,
                step=point.path.rpartition("/")[2] or None,
                function=point.function,
                causes=(point.seq,) if point.seq else (),
                route=item.route if item is not None else None,
            )
            self._run.recorder.pass_on(event)

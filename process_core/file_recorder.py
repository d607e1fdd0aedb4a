"""A recorder that makes no objects of events where nobody but a run file takes them in."""

from collections.abc import Callable, Mapping
from typing import Any

from process_core.engine.recording import Recorder
from process_core.events import WorkflowEvent
from process_core.runfile import RunFileWriter

class FileRecorder(Recorder):
    """Takes the place of a recorder that has a run file among its sinks.

    Args:
        recorder: The recorder.
        writer: The run file.
        tell: Told of an event whose payload the file has only in part.
    """

    __slots__ = ("_record", "_tell", "_writer")

    def __init__(self, recorder: Recorder, writer: RunFileWriter, tell: Callable[[WorkflowEvent], None]) -> None:
        super().__init__(recorder.run_id, recorder.sinks, copies=recorder.copies, clock=recorder.clock)
        self.seq = recorder.seq
        self._writer = writer
        self._record = writer.record
        self._tell = tell

    def record(
        self,
        type: str,  # noqa: A002 - the field's name
        path: str,
        step: str | None,
        function: str | None,
        superstep: int,
        data: Any = None,
        event_id: str | None = None,
        causes: tuple[int, ...] = (),
        route: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> int:
        """Record an event; see `Recorder.record`."""
        if len(self.sinks) > 1:
            return super().record(type, path, step, function, superstep, data, event_id, causes, route, details)
        self.seq = seq = self.seq + 1
        self._record(seq, self.clock(), type, path, step, function, superstep, data, event_id, causes, route, details)
        if self._writer.partial:
            self._tell(WorkflowEvent(type, data, event_id=event_id, seq=seq, path=path, step=step, function=function))
        return seq

"""A recorder that makes no objects of events where nobody but a run file takes them in."""

from collections.abc import Callable, Mapping
from typing import Any

from process_core.engine.recorder import Recorder
from process_core.events import WorkflowEvent
from process_core.runfile import RunFileWriter
from process_core.runfile.write.write_buffer import FULL
from process_core.runfile.write.write_queue import SHORT_INT


class FastRecorder(Recorder):
    """Takes the place of a recorder that has a run file among its sinks.

    Args:
        recorder: The recorder.
        writer: The run file.
        tell: Told of an event whose payload the file has only in part.
    """

    __slots__ = ("_backlog", "_shapes", "_started", "_tell", "_writer")

    def __init__(self, recorder: Recorder, writer: RunFileWriter, tell: Callable[[WorkflowEvent], None]) -> None:
        super().__init__(recorder.run_id, recorder.sinks, copies=recorder.copies, clock=recorder.clock)
        self.seq = recorder.seq
        self._writer = writer
        self._tell = tell
        self._backlog, self._shapes, self._started = writer.backlog, writer.shapes.common, writer.started

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
        writer = self._writer
        # What `writer.record` does with the events that there are most of, without another call.
        if details is None and len(causes) < 2:  # noqa: PLR2004 - a join's events have several
            kind = data.__class__
            text: str | None = None
            if data is None:
                is_common = True
            elif kind is int and -SHORT_INT < data < SHORT_INT:
                text, is_common = str(data), True
            else:
                text = writer.small(data) if kind is dict and len(data) == 1 else None
                is_common = text is not None
            if is_common:
                try:
                    self._backlog.rows.extend(
                        (
                            seq,
                            self._shapes[type, path, step, function, event_id, route, None, writer.generation],
                            int((self.clock() - self._started) * 1e6 + 0.5),
                            superstep,
                            causes[0] if causes else None,
                            text,
                        )
                    )
                except KeyError:
                    pass  # names that have not been seen before
                else:
                    if writer.needs_attention or len(self._backlog.rows) >= FULL:
                        writer.after_row()
                    return seq
        time = self.clock()
        writer.record(seq, time, type, path, step, function, superstep, data, event_id, causes, route, details)
        if writer.partial:
            self._tell(WorkflowEvent(type, data, event_id=event_id, seq=seq, path=path, step=step, function=function))
        return seq

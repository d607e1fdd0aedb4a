"""A recorder that makes no objects of events where nobody but a run file takes them in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from process_core.engine.recorder import Recorder
from process_core.events import WorkflowEvent
from process_core.runfile import RunFileWriter
from process_core.runfile.write.write_buffer import FULL
from process_core.runfile.write.writer import SHORT_INT


class FastRecorder(Recorder):
    """Takes the place of a recorder whose only sink is a run file.

    Args:
        recorder: The recorder.
        writer: The run file.
        warn: Called with an event whose payload the file has only in part.
    """

    __slots__ = ("_buffer", "_names", "_started", "_warn", "_writer")

    def __init__(self, recorder: Recorder, writer: RunFileWriter, warn: Callable[[WorkflowEvent], None]) -> None:
        super().__init__(recorder.run_id, recorder.sinks, copies=recorder.copies, clock=recorder.clock)
        self.seq = recorder.seq
        self._writer = writer
        self._warn = warn
        self._buffer, self._names, self._started = writer.buffer, writer.names.common, writer.started

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
        self.seq = seq = self.seq + 1
        writer = self._writer
        # What `writer.record` does with the events that there are most of, without another call. This is the hottest
        # code of a recorded run, five times a superstep: each attribute and each element of the key counts.
        if details is None and len(causes) < 2:  # noqa: PLR2004 - a join's events have several
            kind = data.__class__
            text: str | None
            if data is None:
                text = None
            elif kind is int and -SHORT_INT < data < SHORT_INT:
                text = str(data)
            elif kind is dict and len(data) == 1:
                text = writer.small(data) or _NOT_COMMON
            else:
                text = _NOT_COMMON
            if text is not _NOT_COMMON:
                rows = self._buffer.rows
                try:
                    rows += (
                        seq,
                        self._names[type, path, step, function, event_id, route],
                        int((self.clock() - self._started) * 1e6),
                        superstep,
                        causes[0] if causes else None,
                        text,
                    )
                except KeyError:
                    pass  # names that have not been seen before
                else:
                    if writer.needs_attention or len(rows) >= FULL:
                        writer.after_row()
                    return seq
        time = self.clock()
        writer.record(seq, time, type, path, step, function, superstep, data, event_id, causes, route, details)
        if writer.partial:
            self._warn(WorkflowEvent(type, data, event_id=event_id, seq=seq, path=path, step=step, function=function))
        return seq


_NOT_COMMON: Final = ""
"""No payload is written as this."""

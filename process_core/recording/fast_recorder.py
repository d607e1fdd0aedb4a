"""A recorder that makes no objects of events where nobody but a run file takes them in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from process_core.engine.recorder import Recorder
from process_core.engine.records import Invocation
from process_core.events import WorkflowEvent
from process_core.recording.payload_changes import PayloadChanges
from process_core.runfile import RunFileWriter
from process_core.runfile.write.write_buffer import FULL
from process_core.runfile.write.writer import SHORT_INT

_class_of: Final = type  # where `type` is the name of a field; `__class__` is whatever a value wants it to be


class FastRecorder(Recorder):
    """Takes the place of a recorder whose only sink is a run file.

    Args:
        recorder: The recorder.
        writer: The run file.
        warn: Called with an event whose payload the file has only in part.
        changes: Looks at payloads that can change.
    """

    __slots__ = ("_buffer", "_changes", "_names", "_started", "_warn", "_writer")

    def __init__(
        self,
        recorder: Recorder,
        writer: RunFileWriter,
        warn: Callable[[WorkflowEvent], None],
        changes: PayloadChanges,
    ) -> None:
        super().__init__(recorder.run_id, recorder.sinks, copies=recorder.copies, clock=recorder.clock)
        self.seq = recorder.seq
        self._writer = writer
        self._warn = warn
        self._changes = changes
        self._buffer, self._names, self._started = writer.buffer, writer.names.common, writer.started

    def record_call(
        self,
        type: str,  # noqa: A002 - the field's name
        call: Invocation,
        superstep: int,
        data: Any = None,
        event_id: str | None = None,
        causes: tuple[int, ...] = (),
        route: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> int:
        """Record what a call does; see `Recorder.record_call`."""
        self.seq = seq = self.seq + 1
        writer = self._writer
        # What `writer.record` does with the events that there are most of, without another call. This is the hottest
        # code of a recorded run, three times a hop: each attribute and each element of the key counts. The function
        # stands in the key for its step's name and its own; the writer forgets the keys with the generation.
        if details is None and len(causes) == 1:  # a join's events have several
            if data is None:
                text = None
            elif (kind := _class_of(data)) is int and -SHORT_INT < data < SHORT_INT:
                text = str(data)
            else:
                text = (writer.small(data) if kind is dict and len(data) == 1 else None) or _NOT_COMMON
            if text is not _NOT_COMMON:
                rows = self._buffer.rows
                try:
                    rows += (
                        seq,
                        self._names[type, call.slot.path, call.function, event_id, route],
                        int((self.clock() - self._started) * 1e6),
                        superstep,
                        causes[0],
                        text,
                    )
                except KeyError:
                    pass  # names that have not been seen before
                else:
                    if writer.needs_attention or len(rows) >= FULL:
                        writer.after_row()
                    return seq
        slot, function = call.slot, call.function
        writer.record(
            seq,
            self.clock(),
            type,
            slot.path,
            slot.plan.name,
            function.name,
            superstep,
            data,
            event_id,
            causes,
            route,
            details,
        )
        names = (type, slot.path, slot.plan.name, function.name, event_id, route)
        if details is None and names in self._names:
            self._names[type, slot.path, function, event_id, route] = self._names[names]
        if writer.partial is not None:
            self._warn(
                WorkflowEvent(
                    type,
                    data,
                    event_id=event_id,
                    seq=seq,
                    path=slot.path,
                    step=slot.plan.name,
                    function=function.name,
                )
            )
        if writer.encoded is not None:
            self._changes.note(type, call, seq, data)
        return seq

    def record_superstep(self, type: str, path: str, superstep: int) -> None:  # noqa: A002 - as above
        """Record that a superstep of a process begins or ends."""
        self.seq = seq = self.seq + 1
        writer, names = self._writer, self._names
        rows = self._buffer.rows
        checkpoint = writer.compact if writer.compact_at == seq else None
        try:
            rows += (seq, names[type, path], int((self.clock() - self._started) * 1e6), superstep, None, checkpoint)
        except KeyError:
            writer.record(seq, self.clock(), type, path, None, None, superstep, None, None, (), None, None)
            names[type, path] = names[type, path, None, None, None, None]
        else:
            if checkpoint is not None:
                writer.compact_at = 0
            if writer.needs_attention or len(rows) >= FULL:
                writer.after_row()


_NOT_COMMON: Final = ""
"""No payload is written as this."""

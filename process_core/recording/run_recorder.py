"""Records a run into its run file: every event, and a checkpoint at the end of every superstep of the root."""

import atexit
import contextlib
import functools
import hashlib
import os
import re
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from process_core.engine.checkpoint import MapElementStates, dump_checkpoint, kept_states
from process_core.engine.instrument import RunInstrument
from process_core.engine.recorder import Recorder, snapshot
from process_core.engine.records import EventSite, Invocation, MapRecord, ProcessRecord, RunRecord, StepInstance
from process_core.events import WorkflowEvent
from process_core.graph import Graph, type_text
from process_core.recording.compact_checkpoint import CompactCheckpoints
from process_core.recording.fast_recorder import FastRecorder
from process_core.recording.payload_changes import PayloadChanges, WatchingRecorder
from process_core.resume import JournalHost, OutputLog, ResumePoint, version_of
from process_core.resume.reconstruct import Reconstructor, losses
from process_core.resume.recorded_values import lost_values
from process_core.runfile import RunFile, RunFileWriter, fork_run_file
from process_core.runfile.codec.decode import decode, marks_of_losses
from process_core.runfile.codec.encode import encode
from process_core.type_names import find_loaded


class RunRecorder(RunInstrument):
    """Writes a run to a run file: its events, and what is needed to resume it.

    The state of a step is written with each invocation that completes, just before its event: what a cut-off superstep
    had finished can then be taken over without running it again.

    Args:
        path: The run file; for a run resumed in its own file that file, else a new one.
        target: What is run (`path.py:attr`), for a person and for resuming.
        cwd: The folder that the target starts from.
        point: Where the run resumes another one, or itself.
    """

    def __init__(
        self, path: Path, *, target: str | None = None, cwd: str | None = None, point: ResumePoint | None = None
    ) -> None:
        self.path = path
        self.pid = os.getpid()
        self._target = target
        self._cwd = cwd
        self._point = point
        self._kept: MapElementStates = {}
        self._incomplete: dict[str, set[str]] = {}
        self._is_beginning = False
        self._held_back: list[Callable[[], Any]] = []
        self._last = -1  # superstep of the last checkpoint
        self._has_warned = False
        self._run: RunRecord
        self._recorder: Recorder
        self._losses: _Losses
        self._writer: RunFileWriter

    def attach(self, run: RunRecord) -> None:
        """Begin to write a run that is not launched yet.

        Raises:
            RunFileError: The file exists, is in use or cannot be written.
        """
        recorder = run.recorder
        assert recorder is not None
        self._run = run
        writer = self._writer = self._open(recorder.clock())
        if self._point is not None:
            recorder.seq = writer.written
        self._losses = _Losses(run)
        warnings = _PayloadWarnings(run, writer, self._losses)
        recorder.sinks.append(warnings.take)
        self._changes = PayloadChanges(writer)
        is_only_file = len(recorder.sinks) == 1
        if is_only_file:
            recorder = FastRecorder(recorder, writer, warnings.warn, self._changes)
        else:
            recorder = WatchingRecorder(recorder, self._changes)
        self._recorder = run.recorder = recorder
        run.file = self
        run.fingerprint = _fingerprint
        run.generation = writer.generation + 1
        self._versions = _versions(run.plan.graph)
        self._outputs = OutputLog(run.outputs, run.public_events)
        self._compact = CompactCheckpoints(run)
        if self._point is not None:
            self._outputs.continue_after(self._point.blob, self._point.checkpoint.seq)
            self._kept = dict(kept_states(self._point.blob["root"]))
            self._last = self._point.checkpoint.superstep
        run.attach(self)
        _open.add(self)

    def _open(self, started: float) -> RunFileWriter:
        run, point = self._run, self._point
        if point is None:
            graph = run.plan.graph
            return RunFileWriter(
                self.path,
                process=graph.name,
                run_id=run.run_id,
                graph_nodes=graph.nodes,
                graph_edges=graph.edges,
                metadata={} if self._cwd is None else {"cwd": self._cwd},
                target=self._target,
                started=started,
                on_error=self._failed,
                on_written=self._written,
            )
        if point.journal is None:
            fork_run_file(point.info.path, self.path, checkpoint=point.checkpoint, run_id=run.run_id)
        return RunFileWriter.resume(self.path, on_error=self._failed, on_written=self._written)

    # The link to the file.

    @property
    def written(self) -> int:
        """Seq of the last event that is safe."""
        return self._writer.written

    @property
    def failed(self) -> str | None:
        """Why the run is no longer recorded, or None."""
        return None if self._writer.failed is None else str(self._writer.failed)

    @property
    def behind(self) -> int:
        """How much was taken in that is not safe yet."""
        return self._writer.behind

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything so far is safe, for so many seconds at most."""
        return self._writer.flush(timeout)

    def close(self) -> None:
        """Write what is left and let go of the file; of a run that was left before it did anything, none remains."""
        _open.discard(self)
        self._writer.close()
        if self._point is None and not self._run.root.superstep and self._writer.failed is None:
            self._remove_empty()
        self._warn_failed()  # the last of it may have failed just now, when the loop has no more turns

    def _remove_empty(self) -> None:
        """Remove the file of a run in which nothing was done; what drives it may do without supersteps."""
        with RunFile(self.path) as file:
            is_empty = file.count() <= _FEW and all(row.type in _BEFORE_ALL for row in file.page(0, _FEW))
        if is_empty:
            self.path.unlink(missing_ok=True)

    def _failed(self, _: Exception) -> None:
        self._call_on_loop(self._warn_failed)

    def _warn_failed(self) -> None:
        failed = self._writer.failed
        if failed is not None and not self._has_warned:
            self._has_warned = True
            self._run.root.warn("recording_failed", f"this run is no longer recorded: {failed}", file=str(self.path))
            self._run.changed()

    def _written(self, _: int) -> None:
        if self._run.run_changed:  # to wake the loop for nobody costs as much as some ten events
            self._call_on_loop(self._run.changed)

    def _call_on_loop(self, call: Callable[[], Any]) -> None:
        """Call on the run's thread, from the writer's; after the loop has closed nobody is left to inform."""
        with contextlib.suppress(RuntimeError):
            self._run.loop.call_soon_threadsafe(call)

    # What the run reports.

    def run_started(self, run: RunRecord) -> None:
        """Write the states that the run begins with.

        Resumed in its own file, there is no checkpoint here: the last one, with what was recorded after it, is what
        counts until the next superstep is over, but for the states of the superstep that was cut off, which count no
        more. A fork begins with a checkpoint, for its point may have been edited.
        """
        states, point = run.root.states(), self._point
        self._is_beginning = True
        if point is not None and point.is_changed:
            self._new_generation({})
            run.generation += 1
        if point is None:
            self._checkpoint(states, self._rest_of_checkpoint())
        elif point.journal is None:
            self._checkpoint(states, point.blob)
        else:
            for path, state in states.items():
                self._writer.state(path, state, seq=self._recorder.seq + 1, version=self._versions.get(path))
            for element, inner in self._kept.items():
                for path, state in inner.items():
                    self._writer.state(f"{element}/{path}", state, seq=self._recorder.seq + 1)
        self._is_beginning = False

    def code_reloaded(self, digests: Mapping[str, str]) -> None:
        """Write the new graph, and the states as the new code has them."""
        run, writer = self._run, self._writer
        self._versions = _versions(run.plan.graph)
        self._new_generation(digests)
        self._compact = CompactCheckpoints(run)
        for path, state in run.root.states().items():
            writer.state(path, state, seq=self._recorder.seq + 1, version=self._versions.get(path))

    def _new_generation(self, digests: Mapping[str, str]) -> None:
        """Write the graph that the run goes on with."""
        graph = self._run.plan.graph
        self._writer.new_generation(
            self._writer.generation + 1,
            seq=self._recorder.seq,
            graph_nodes=graph.nodes,
            graph_edges=graph.edges,
            metadata={"sources": dict(digests)},
        )

    def invocation_completing(self, call: Invocation) -> None:
        """Write the state that the call leaves."""
        slot = call.slot
        if slot.plan.has_state and slot.plan.is_leaf:
            self._save(slot, {slot.path: slot.state}, self._recorder.seq + 1)

    def invocation_rolled_back(self, call: Invocation) -> None:
        """Write what a call that failed or was cancelled leaves, which may not be what the file has."""
        slot = call.slot
        if slot.child is not None:
            self._save(slot, slot.child.states(), self._recorder.seq)
        elif slot.plan.is_leaf and slot.plan.has_state:
            self._save(slot, {slot.path: slot.state}, self._recorder.seq)

    def superstep_ended(self, process: ProcessRecord) -> None:
        """Write a checkpoint, of the root."""
        run = self._run
        if self._held_back:
            self._warn_held_back()
        if process is not run.root or run.is_cancelling or process.superstep == self._last:
            return
        if self._changes.has_sent:
            self._changes.superstep_ended()
        outputs = None if self._kept else self._outputs.unchanged()
        compact = self._compact.write(self._writer.generation, outputs) if outputs is not None else None
        if compact is not None:
            self._last = process.superstep
            self._writer.compact_checkpoint(compact, superstep=process.superstep, seq=self._recorder.seq)
        else:
            self._checkpoint({}, self._rest_of_checkpoint())
        if isinstance(run.host, JournalHost):
            run.host = run.host.inner  # what it held was about this superstep

    def state_replaced(self, step: StepInstance) -> None:
        """Write a state that was set by hand, just before its event."""
        self._save(step, {step.path: step.state}, self._recorder.seq + 1)

    def queue_changed(self) -> None:
        """Write the idle run again."""
        self._checkpoint({}, self._rest_of_checkpoint())

    # Writing.

    def _save(self, slot: StepInstance, states: Mapping[str, Any], seq: int) -> None:
        element = _element_of(slot)
        if element is slot:
            return  # an element's state ends with it
        for path, state in states.items():
            if element is not None:
                self._kept.setdefault(element.path, {})[path[len(element.path) + 1 :]] = snapshot(state)
            body = self._writer.state(path, state, seq=seq, version=self._versions.get(path))
            if body is not None:
                self._warn_incomplete({path: body})

    def _rest_of_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint holds beside states."""
        extra = dump_checkpoint(self._run, self._kept)
        self._outputs.put(extra, self._recorder.seq)
        if self._kept:
            self._kept = dict(kept_states(extra["root"]))
        return extra

    def _checkpoint(self, states: dict[str, Any], extra: dict[str, Any]) -> None:
        root = self._run.root
        self._last = root.superstep
        incomplete = self._writer.checkpoint(
            superstep=root.superstep,
            seq=self._recorder.seq,
            states=states,
            versions=self._versions if states else None,
            extra=extra,
        )
        self._warn_incomplete(incomplete)

    def _warn_incomplete(self, parts: Mapping[str, bytes]) -> None:
        """Warn of what cannot be made again from the file: once of each place within a state, and of a few at most."""
        if not self._is_beginning:
            self._warn_held_back()
        for what, body in parts.items():
            warned = self._incomplete.setdefault(what, set())
            if len(warned) >= _MOST_PLACES or (what == "extra" and warned):
                continue
            if self._losses.are_known(what, body):
                continue
            if what == "extra":
                found = self._losses.in_checkpoint(body)
                lost = {"extra": "; ".join(found[:_MOST_PLACES])} if found else {}
            else:
                lost = {_PLACE.sub("[]", loss.split(" ", 1)[0]): loss for loss in self._losses.of(body)}
            new = [loss for place, loss in lost.items() if place not in warned]
            if not new:
                continue
            warned.update(lost)
            warn = functools.partial(self._warn_lost, what, "; ".join(new))
            if self._is_beginning:
                self._held_back.append(warn)  # a run begins with its `started`
            else:
                warn()

    def _warn_held_back(self) -> None:
        while self._held_back:
            self._held_back.pop(0)()

    def _warn_lost(self, what: str, lost: str) -> None:
        warn = self._run.root.warn
        if what == "extra":
            text = f"what is on its way cannot be recorded exactly, so the run cannot be resumed from here: {lost}"
            warn("checkpoint_incomplete", text, what=what)
        else:
            text = f"the state of {what} cannot be recorded exactly, so the run cannot be resumed: {lost}"
            warn("not_serialisable", text, EventSite(what, what.rpartition("/")[2], None), what=what)


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(encode(value)).hexdigest()[:12]


_open: weakref.WeakSet[RunRecorder] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close the files of runs that a program has left open when it ends."""
    for recorder in list(_open):
        if recorder.pid == os.getpid():  # a forked child has nothing to write to its parent's files
            recorder.close()


_FEW: Final = 20
_BEFORE_ALL: Final = frozenset({"started", "status", "warning"})
_MOST_PLACES: Final = 5
_MOST_LOOKS: Final = 100
_PLACE: Final = re.compile(r"\[\d+\]")


class _Losses:
    """Finds what of a value the run file does not hold exactly.

    Args:
        run: The run; classes that its steps name are found though no module has them.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._graph: Graph | None = None
        self._find: Callable[[str], Any] = find_loaded
        self._known: dict[object, set[tuple[bytes, ...]]] = {}

    def are_known(self, what: object, body: bytes) -> bool:
        """Return whether the same was lost of it before: to read a state after each superstep would cost too much."""
        known = self._known.setdefault(what, set())
        marks = marks_of_losses(body)
        if marks in known or len(known) >= _MOST_LOOKS:
            return True
        known.add(marks)
        return False

    def of(self, body: bytes) -> list[str]:
        """Return what of a value as it was written is not exact, each with its path within the value."""
        self._look_at_graph()
        return losses(decode(body), self._find)

    def in_checkpoint(self, extra: bytes) -> list[str]:
        """Return what is not exact of what is on its way, each with the message or call that it belongs to."""
        self._look_at_graph()
        return lost_values(decode(extra), self._find)

    def _look_at_graph(self) -> None:
        if self._graph is not self._run.plan.graph:
            self._graph = self._run.plan.graph
            self._find = Reconstructor(self._graph).find


class _PayloadWarnings:
    """Passes events to the file, and warns once per function where a payload cannot be recorded exactly."""

    def __init__(self, run: RunRecord, writer: RunFileWriter, lost: _Losses) -> None:
        self._run = run
        self._writer = writer
        self._losses = lost
        self._warned: set[tuple[str, str | None, str]] = set()

    def take(self, event: WorkflowEvent) -> None:
        self._writer.append(event)
        if self._writer.partial is not None:
            self.warn(event)

    def warn(self, event: WorkflowEvent) -> None:
        body, self._writer.partial = self._writer.partial, None
        key = (event.path, event.function, event.type)
        if body is None or key in self._warned or self._losses.are_known(key, body):
            return
        lost = self._losses.of(body)
        if not lost:
            return
        self._warned.add(key)
        where = f"{event.path}.{event.function}" if event.function else event.path or "the outside"
        what = _PAYLOADS.get(event.type, "the payload")
        kind = type_text(type(event.data))
        self._run.root.warn(
            "not_serialisable",
            f"{what} of {where} ({kind}) cannot be recorded exactly: {'; '.join(lost)}",
            EventSite(event.path, event.step, event.function),
            causes=(event.seq,),
            event_id=event.event_id,
            payload_type=kind,
        )


_PAYLOADS: Final = {
    "executor_invoked": "the input",
    "executor_completed": "the result",
    "event_emitted": "an event",
    "output": "an output",
    "response": "an answer",
    "operator": "what was changed by hand",
}


def _versions(graph: Graph) -> dict[str, str]:
    return {path: version for path, step in graph.stateful() if (version := version_of(step)) != "1"}


def _element_of(slot: StepInstance) -> StepInstance | None:
    """Return the element of a map that a step is, or is in; None where it is in none."""
    while not isinstance(slot.scope, MapRecord):
        parent = slot.scope.parent
        if parent is None:
            return None
        slot = parent.slot
    return slot

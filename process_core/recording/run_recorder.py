"""Ties a run to its run file: every event, and a checkpoint at the end of every superstep of the root."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process_core.engine.checkpoint_dump import MapElementStates, dump_checkpoint, kept_states
from process_core.engine.core import RunCore
from process_core.engine.invocation import Invocation
from process_core.engine.map_step import MapRunner
from process_core.engine.recorder import Recorder, snapshot
from process_core.engine.scope import Scope
from process_core.engine.step_instance import StepInstance
from process_core.engine.stewardship import EventSite
from process_core.events import WorkflowEvent
from process_core.graph import Graph, type_text
from process_core.recording.compact_checkpoint import CompactCheckpoints
from process_core.recording.fast_recorder import FastRecorder
from process_core.resume import JournalHost, OutputLog, ResumePoint, version_of
from process_core.runfile import RunFileWriter, fork_run_file


@dataclass(frozen=True, slots=True)
class RecordedAs:
    """What a run file says of its run besides.

    Attributes:
        target: What is run (`path.py:attr`), for a person and for resuming.
        cwd: The folder that the target starts from.
    """

    target: str | None = None
    cwd: str | None = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What goes into the file's metadata."""
        return {} if self.cwd is None else {"cwd": self.cwd}


def record_run(
    core: RunCore, recorder: Recorder, path: Path, *, told: RecordedAs, point: ResumePoint | None = None
) -> Callable[[], None]:
    """Make a run write itself to a run file.

    Args:
        core: The run, not launched yet.
        recorder: Makes its events.
        path: The run file; for a run taken up in its own file that file, else a new one.
        told: What the file says of it; a run that is taken up has said so already.
        point: Where the run takes up another one, or itself.

    Returns:
        What lets go of the file.

    Raises:
        RunFileError: Only where a run is taken up; else a warning in the run tells that it is not recorded.
    """
    is_told = False

    def tell() -> None:
        nonlocal is_told
        if writer.failed is not None and not is_told:
            is_told = True
            core.root.warn("recording_failed", f"this run is no longer recorded: {writer.failed}", file=str(path))

    def on_error(_: Exception) -> None:
        _call_on_loop(core, tell)

    def on_written(_: int) -> None:
        if core.on_change is not None:  # to wake the loop for nobody costs as much as some ten events
            _call_on_loop(core, core.changed)

    if point is None:
        graph = core.plan.graph
        writer = RunFileWriter(
            path,
            process=graph.name,
            run_id=core.run_id,
            graph_nodes=graph.nodes,
            graph_edges=graph.edges,
            metadata=told.metadata,
            target=told.target,
            started=recorder.clock(),
            on_error=on_error,
            on_written=on_written,
        )
    else:
        if point.journal is None:
            fork_run_file(point.info.path, path, checkpoint=point.checkpoint, run_id=core.run_id)
        writer = RunFileWriter.resume(path, on_error=on_error, on_written=on_written)
        if writer.failed is not None:
            raise writer.failed
        recorder.seq = writer.written
    taker = _Taker(core, writer)
    recorder.sinks.append(taker.take)
    core.writer = writer
    if len(recorder.sinks) == 1:
        core.recorder = recorder = FastRecorder(recorder, writer, taker.tell)
    _Checkpoints(core, recorder, writer, point).begin()

    def close() -> None:
        writer.close()
        tell()  # the last of it may have failed just now, when the loop has no more turns to give

    return close


class _Taker:
    """Passes events to the file, and warns once per function where a payload cannot be serialised."""

    def __init__(self, core: RunCore, writer: RunFileWriter) -> None:
        self._core = core
        self._writer = writer
        self._told: set[tuple[str, str | None, str]] = set()

    def take(self, event: WorkflowEvent) -> None:
        self._writer.append(event)
        if self._writer.partial:
            self.tell(event)

    def tell(self, event: WorkflowEvent) -> None:
        self._writer.partial = False
        key = (event.path, event.function, event.type)
        if key in self._told:
            return
        self._told.add(key)
        where = f"{event.path}.{event.function}" if event.function else event.path or "the outside"
        what = _PAYLOADS.get(event.type, "the payload")
        kind = type_text(type(event.data))
        self._core.root.warn(
            "not_serialisable",
            f"{what} of {where} ({kind}) holds something that cannot be serialised; the run file has its repr only",
            EventSite(event.path, event.step, event.function),
            causes=(event.seq,),
            event_id=event.event_id,
            payload_type=kind,
        )


_PAYLOADS = {
    "executor_invoked": "the input",
    "executor_completed": "the result",
    "event_emitted": "an event",
    "output": "an output",
    "operator": "what was changed by hand",
}


class _Checkpoints:
    """Writes what is needed to go on.

    The state of a step is written with each invocation that completes, just before the event that says so: what a
    cut-off superstep had finished can then be taken over without running it again.

    Args:
        core: The run.
        recorder: Makes its events.
        writer: Where it is written to.
        point: Where it takes up another one, or itself.
    """

    def __init__(self, core: RunCore, recorder: Recorder, writer: RunFileWriter, point: ResumePoint | None) -> None:
        self._core = core
        self._recorder = recorder
        self._writer = writer
        self._point = point
        self._versions = _versions(core.plan.graph)
        self._yields = OutputLog(core.outputs, core.public_events)
        self._brief = CompactCheckpoints(core)
        self._kept: MapElementStates = {}
        self._lost: set[str] = set()
        self._last = -1
        if point is not None:
            self._yields.go_on(point.frozen, point.checkpoint.seq)
            self._kept = dict(kept_states(point.frozen["root"]))
            self._last = point.checkpoint.superstep

    def begin(self) -> None:
        core = self._core
        core.on_launch = self._is_new if self._point is None else self._goes_on
        core.on_completing = self._completing
        core.on_broken_off = self._broken_off
        core.on_superstep = self._superstep_over
        core.on_state_set = self._state_set
        core.on_altered = self._altered
        core.on_reloaded = self._reloaded
        core.generation = self._writer.generation + 1

    def _is_new(self) -> None:
        self._write(self._core.root.states(), self._extra())

    def _goes_on(self) -> None:
        """Write the states as they are again: those of a superstep that was cut off count no more.

        In its own file there is no checkpoint here: the last one, with what was recorded after it, is what counts until
        the next superstep is over. A fork begins with one, for its point may have been edited.
        """
        assert self._point is not None
        states = self._core.root.states()
        if self._point.journal is None:
            self._write(states, self._point.frozen)
            return
        for path, state in states.items():
            self._writer.state(path, state, seq=self._recorder.seq + 1, version=self._versions.get(path))
        for element, inner in self._kept.items():
            for path, state in inner.items():
                self._writer.state(f"{element}/{path}", state, seq=self._recorder.seq + 1)

    def _reloaded(self, digests: Mapping[str, str]) -> None:
        """Write the new graph, and the states as the new code has them."""
        core, writer = self._core, self._writer
        graph = core.plan.graph
        self._versions = _versions(graph)
        self._brief = CompactCheckpoints(core)
        writer.new_generation(
            writer.generation + 1,
            seq=self._recorder.seq,
            graph_nodes=graph.nodes,
            graph_edges=graph.edges,
            metadata={"sources": dict(digests)},
        )
        self._brief = CompactCheckpoints(core)
        for path, state in core.root.states().items():
            writer.state(path, state, seq=self._recorder.seq + 1, version=self._versions.get(path))
        if not core.root.in_superstep:
            self._write({}, self._extra())

    def _completing(self, invocation: Invocation) -> None:
        slot = invocation.slot
        if slot.plan.is_leaf and slot.plan.spec.has_state:
            self._save(slot, {slot.path: slot.state}, self._recorder.seq + 1)

    def _broken_off(self, invocation: Invocation) -> None:
        """Write what an invocation that failed or was cancelled leaves, which may not be what the file has."""
        slot = invocation.slot
        if slot.child is not None:
            self._save(slot, slot.child.states(), self._recorder.seq)
        elif slot.plan.is_leaf and slot.plan.spec.has_state:
            self._save(slot, {slot.path: slot.state}, self._recorder.seq)

    def _save(self, slot: StepInstance, states: Mapping[str, Any], seq: int) -> None:
        element = _element_of(slot)
        if element is slot:
            return  # an element's state ends with it
        for path, state in states.items():
            if element is not None:
                self._kept.setdefault(element.path, {})[path[len(element.path) + 1 :]] = snapshot(state)
            if self._writer.state(path, state, seq=seq, version=self._versions.get(path)):
                self._tell([path])

    def _superstep_over(self, scope: Scope) -> None:
        core = self._core
        if scope is not core.root or core.is_cancelling or scope.superstep == self._last:
            return
        rest = None if self._kept else self._yields.unchanged()
        brief = self._brief.write(self._writer.generation, rest) if rest is not None else None
        if brief is not None:
            self._last = scope.superstep
            self._writer.brief_checkpoint(brief, superstep=scope.superstep, seq=self._recorder.seq)
        else:
            self._write({}, self._extra())
        if isinstance(core.host, JournalHost):
            core.host = core.host.inner  # what it held was about this superstep

    def _state_set(self, slot: StepInstance) -> None:
        """Write a state that was set by hand, just before the event that says so."""
        self._save(slot, {slot.path: slot.state}, self._recorder.seq + 1)

    def _altered(self) -> None:
        """Write a run again that was changed by hand while it was at rest."""
        self._write({}, self._extra())

    def _extra(self) -> dict[str, Any]:
        extra = dump_checkpoint(self._core, self._kept)
        self._yields.put(extra, self._recorder.seq)
        if self._kept:
            self._kept = dict(kept_states(extra["root"]))
        return extra

    def _write(self, states: dict[str, Any], extra: dict[str, Any]) -> None:
        root = self._core.root
        self._last = root.superstep
        lost = self._writer.checkpoint(
            superstep=root.superstep,
            seq=self._recorder.seq,
            states=states,
            versions=self._versions if states else None,
            extra=extra,
        )
        self._tell(lost)

    def _tell(self, lost: Any) -> None:
        for what in lost:
            if what not in self._lost:
                self._lost.add(what)
                where = "a pending payload" if what == "extra" else f"the state of {what}"
                self._core.root.warn(
                    "checkpoint_incomplete",
                    f"{where} can only be written as text, so the run cannot be resumed from here",
                    what=what,
                )


def _versions(graph: Graph) -> dict[str, str]:
    return {path: version for path, step in graph.stateful() if (version := version_of(step)) != "1"}


def _element_of(slot: StepInstance) -> StepInstance | None:
    """Give the element of a map that a step is, or is in; None where it is in none."""
    while not isinstance(slot.scope, MapRunner):
        parent = slot.scope.parent
        if parent is None:
            return None
        slot = parent.slot
    return slot


def _call_on_loop(core: RunCore, call: Callable[[], Any]) -> None:
    """Call on the run's thread, from the writer's; a loop that has closed has nobody to tell."""
    with contextlib.suppress(RuntimeError):
        core.loop.call_soon_threadsafe(call)

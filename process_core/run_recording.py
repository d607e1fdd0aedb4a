"""Ties a run to its run file: every event, and a checkpoint at the end of every superstep of the root."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from process_core.engine.core import RunCore
from process_core.engine.freezing import freeze
from process_core.engine.invocation import Invocation
from process_core.engine.recording import Recorder
from process_core.engine.scope import Scope
from process_core.engine.slot import StepSlot
from process_core.recovery import ResumePoint
from process_core.runfile import RunFileWriter, fork_run_file


def record_run(
    core: RunCore, recorder: Recorder, path: Path, *, target: str | None = None, point: ResumePoint | None = None
) -> Callable[[], None]:
    """Make a run write itself to a run file.

    Args:
        core: The run, not launched yet.
        recorder: Makes its events.
        path: The run file; for a run taken up in its own file that file, else a new one.
        target: What is run, for a person and for resuming.
        point: Where the run takes up another one, or itself.

    Returns:
        What lets go of the file.

    Raises:
        RunFileError: Only where a run is taken up; else a warning in the run tells that it is not recorded.
    """

    def on_error(error: Exception) -> None:
        text = f"this run is no longer recorded: {error}"
        _call_on_loop(core, lambda: core.root.warn("recording_failed", text, file=str(path)))

    def on_written(_: int) -> None:
        _call_on_loop(core, core.changed)

    if point is None:
        graph = core.plan.graph
        writer = RunFileWriter(
            path,
            process=graph.name,
            run_id=core.run_id,
            graph_nodes=graph.nodes,
            graph_edges=graph.edges,
            target=target,
            started=recorder.clock(),
            on_error=on_error,
            on_written=on_written,
        )
    else:
        if point.journal is None:
            fork_run_file(point.info.path, path, checkpoint=point.checkpoint, run_id=core.run_id)
        writer = RunFileWriter.resume(path, on_written=on_written)
        recorder.seq = writer.written
    recorder.sinks.append(writer.append)
    core.writer = writer
    _Checkpoints(core, recorder, writer).begin(goes_on=point is not None)
    return writer.close


class _Checkpoints:
    """Writes what is needed to go on.

    The state of a step is written with each invocation that completes, just before the event that says so: what a
    cut-off superstep had finished can then be taken over without running it again.
    """

    def __init__(self, core: RunCore, recorder: Recorder, writer: RunFileWriter) -> None:
        self._core = core
        self._recorder = recorder
        self._writer = writer
        self._lost: set[str] = set()

    def begin(self, *, goes_on: bool) -> None:
        self._core.on_completing = self._completing
        self._core.on_superstep = self._superstep_over
        self._core.on_launch = self._goes_on if goes_on else self._is_new

    def _is_new(self) -> None:
        self._write(self._core.root.states())

    def _goes_on(self) -> None:
        """Write the states as they are again: those of a superstep that was cut off count no more.

        There is no checkpoint here: the last one in the file, with what was recorded after it, is what counts until the
        next superstep is over.
        """
        for path, state in self._core.root.states().items():
            self._writer.state(path, state, seq=self._recorder.seq + 1)

    def _completing(self, invocation: Invocation) -> None:
        slot = invocation.slot
        if slot.plan.spec.has_state and slot.plan.is_leaf:
            lost = self._writer.state(slot.path, slot.state, seq=self._recorder.seq + 1, version=_version(slot))
            if lost:
                self._tell([slot.path])

    def _superstep_over(self, scope: Scope) -> None:
        if scope.parent is None and not scope.run.is_cancelling:
            self._write({})

    def _write(self, states: dict[str, Any]) -> None:
        root = self._core.root
        lost = self._writer.checkpoint(
            superstep=root.superstep, seq=self._recorder.seq, states=states, extra=freeze(self._core)
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


def _version(slot: StepSlot) -> str | None:
    version: str = getattr(slot.plan.spec.step_class, "version", "1")
    return None if version == "1" else version


def _call_on_loop(core: RunCore, call: Callable[[], Any]) -> None:
    """Call on the run's thread, from the writer's; a loop that has closed has nobody to tell."""
    with contextlib.suppress(RuntimeError):
        core.loop.call_soon_threadsafe(call)

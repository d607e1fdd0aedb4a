"""The process that users run: a checked graph, and the ways to run it."""

import os
from collections.abc import AsyncIterator, Coroutine, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from process_core.engine.compiled import CompiledProcess
from process_core.engine.event_stream import EventStream
from process_core.engine.run import Attachable, Run, RunOptions, RunResult, unknown_event
from process_core.engine.start import PreparedRun, RunSettings
from process_core.errors import Problem
from process_core.events import NO_DATA, WorkflowEvent, event_name
from process_core.export.dot import to_dot
from process_core.export.mermaid import to_mermaid
from process_core.graph import Graph

if TYPE_CHECKING:
    from process_core.resume import Edits, ResumePoint


class Process:
    """An immutable process; built once, run many times."""

    def __init__(self, graph: Graph, warnings: tuple[Problem, ...] = ()) -> None:
        self._graph = graph
        self._warnings = warnings
        self._plan: CompiledProcess | None = None

    @property
    def graph(self) -> Graph:
        """Its steps and routes."""
        return self._graph

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems of its definition that it can live with."""
        return self._warnings

    @property
    def limits(self) -> Mapping[str, str]:
        """The debugger verbs that its runs do not have, each with the reason: none."""
        return {}

    @property
    def name(self) -> str:
        """The process's name."""
        return self.graph.name

    def to_mermaid(self) -> str:
        """Write the graph as a Mermaid flowchart."""
        return to_mermaid(self.graph)

    def to_dot(self) -> str:
        """Write the graph in Graphviz's language."""
        return to_dot(self.graph)

    @overload
    def run(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        stream: Literal[False] = False,
        **options: Unpack[RunOptions],
    ) -> Coroutine[Any, Any, RunResult]: ...
    @overload
    def run(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        stream: Literal[True],
        **options: Unpack[RunOptions],
    ) -> AsyncIterator[WorkflowEvent]: ...
    def run(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        stream: bool = False,
        **options: Unpack[RunOptions],
    ) -> Coroutine[Any, Any, RunResult] | AsyncIterator[WorkflowEvent]:
        """Run the process until it is idle or over.

        Nobody can answer questions here: a run that asks ends IDLE_WITH_PENDING_REQUESTS.

        Args:
            event: The input event; may be left out where the process takes one only.
            data: Its payload.
            stream: Give the events as they happen in place of the result.
            **options: As for `start`.

        Returns:
            An awaitable `RunResult`, or an iterator of events.

        Raises:
            UnknownEventError: The process takes no such event.
            StepFailedError: A step failed and nothing handled it.
            SuperstepLimitError: The run did not become idle.
        """
        if stream:
            return self.run_stream(event, data, **options)
        return self._run(event, data, options)

    async def _run(self, event: str | Enum | None, data: Any, options: RunOptions) -> RunResult:
        first = self._input_event(event), data
        async with self._prepared(RunSettings.of(options), first, is_answerable=False) as run:
            await run.idle()
            return _outcome(run)

    async def run_stream(
        self, event: str | Enum | None = None, data: Any = NO_DATA, **options: Unpack[RunOptions]
    ) -> AsyncIterator[WorkflowEvent]:
        """Run the process and yield its events as they happen.

        A slow reader slows the run down: where some thousand events wait to be read, no call begins until the reader
        comes for more. Calls that run go on; what they emit meanwhile waits too.

        Args:
            event: As for `run`.
            data: As for `run`.
            **options: As for `start`.

        Yields:
            The events; leaving the loop early cancels the run.

        Raises:
            StepFailedError: After the last event; and the other errors of `run`.
        """
        stream = EventStream()
        settings = RunSettings.of({"collect_events": False, **options})
        first = self._input_event(event), data
        run = self._prepared(settings, first, is_answerable=False, stream=stream)
        async with run:
            try:
                async for item in stream:
                    yield item
            finally:
                stream.close()
            await run.idle()
            if run.error is not None:
                raise run.error

    def start(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        resume_from: str | Path | None = None,
        superstep: int | None = None,
        edits: "Edits | Mapping[str, Any] | None" = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Start a run under your control.

        Args:
            event: The input event; None begins a run that waits for `send_event`.
            data: Its payload.
            resume_from: Resume the run of this run file, in the same file.
            superstep: With `resume_from`: after which superstep. An earlier one than the last forks into a new file
                (`run_file`, or one beside it), since what happened afterwards stays as it was; so does the last one of
                a run that was stopped or is still going on, and any where a `run_file` is given.
            edits: With `resume_from`: what to drop or replace of the values that cannot be made live again, as where
                their class is gone (`{"drop": True}`, `{"payloads": {0: 1}}`); in a fork, any change as for `fork`.
            **options: `services` (`Services`), `max_supersteps` (since the last outside input), `run_file` (path),
                `initial_states` (path -> state), `debugger`, `collect_events`, `run_id`, `clock` (seconds since the
                epoch), `reset` (with `resume_from`: paths of steps that begin with a new state; True for every one
                whose recorded state does not fit).

        Returns:
            The run; use it with `async with`.

        Raises:
            UnknownEventError: The process takes no such event.
            MissingServiceError: A step asks for a service that was not given.
            UnknownStepError: `initial_states` has a path without a step that has state.
            ResumeError: The recorded run cannot be resumed.
            EditError: An edit makes no sense there.
        """
        first = None if event is None else (self._input_event(event), data)
        if resume_from is not None:
            return self._resumed(Path(resume_from), superstep, edits, first, options, is_answerable=True)
        if edits is not None:
            raise TypeError("edits are for resuming and forking; a new run has nothing to edit")
        return self._prepared(RunSettings.of(options), first, is_answerable=True)

    async def resume(
        self,
        path: str | Path,
        superstep: int | None = None,
        edits: "Edits | Mapping[str, Any] | None" = None,
        **options: Unpack[RunOptions],
    ) -> RunResult:
        """Resume an interrupted, failed or cancelled run until it is idle or over.

        Unfinished invocations run again from their beginning, with the answers they had; finished ones never.

        Args:
            path: The run file.
            superstep: As for `start`.
            edits: As for `start`.
            **options: As for `start`.

        Returns:
            What the run came to.

        Raises:
            ResumeError: The run cannot be resumed; says why.
            EditError: An edit makes no sense there.
            RunFileError: The file cannot be read.
            StepFailedError: As for `run`.
        """
        async with self._resumed(Path(path), superstep, edits, None, options, is_answerable=False) as run:
            await run.idle()
            return _outcome(run)

    def fork(
        self,
        path: str | Path,
        superstep: int,
        into: str | Path,
        edits: "Edits | Mapping[str, Any] | None" = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Start a new run from a superstep of a recorded one.

        The new file begins with a copy of what happened up to there and names its parent: each file stands alone, can
        be moved or sent, and outlives the other.

        Args:
            path: The run file of the parent.
            superstep: After which superstep of the root.
            into: The new run file.
            edits: Changes to make there: `Edits`, or a mapping of its fields.
            **options: As for `start`.

        Returns:
            The run; use it with `async with`.

        Raises:
            ResumeError: There is no such point, or it does not fit the process.
            EditError: An edit makes no sense there.
            RunFileError: The file cannot be read.
        """
        from process_core.resume import Edits, load_point  # noqa: PLC0415 - sqlite3, for recorded runs only

        changes = Edits.of(edits)
        settings = self._edited(RunSettings.of({**options, "run_file": into}), changes)
        point = load_point(path, self.graph, superstep, fork=True, edits=changes, reset=settings.reset)
        return self._prepared(settings, None, is_answerable=True, point=point)

    def _edited(self, settings: RunSettings, changes: "Edits") -> RunSettings:
        """Take in what edits say of the states that a fork begins with, and check the events that they send."""
        for event_id, _ in changes.inject:
            self._input_event(event_id)
        if changes.states:
            settings.initial_states = {**(settings.initial_states or {}), **changes.states}
        return settings

    def _resumed(
        self,
        path: Path,
        superstep: int | None,
        edits: "Edits | Mapping[str, Any] | None",
        first: tuple[str, Any] | None,
        options: RunOptions,
        *,
        is_answerable: bool,
    ) -> Run:
        from process_core.resume import Edits, ResumeError, fork_path, load_point  # noqa: PLC0415 - sqlite3, as above

        changes = Edits.of(edits)
        settings = self._edited(RunSettings.of(options), changes)
        into = None if settings.run_file is None else Path(settings.run_file)
        is_elsewhere = into is not None and os.path.realpath(into) != os.path.realpath(path)
        forks = is_elsewhere and superstep is not None
        point = load_point(path, self.graph, superstep, fork=forks, edits=changes, reset=settings.reset)
        if point.journal is not None:
            if changes.inject:
                raise ResumeError("a resumed run takes events by send_event once it goes on; edits send them to a fork")
            if settings.initial_states:
                raise ResumeError("a resumed run keeps its states; to change them, fork it with edits")
            if is_elsewhere:
                raise ResumeError(
                    f"a resumed run is recorded in its own file; to record in {settings.run_file}, fork it"
                )
            settings.run_file = path
        elif settings.run_file is None:
            settings.run_file = fork_path(path, point.checkpoint.superstep)
        return self._prepared(settings, first, is_answerable=is_answerable, point=point)

    def _prepared(
        self,
        settings: RunSettings,
        first: tuple[str, Any] | None,
        *,
        is_answerable: bool,
        stream: EventStream | None = None,
        point: "ResumePoint | None" = None,
    ) -> Run:
        attachments: list[Attachable] = []
        if point is None and settings.reset:
            raise TypeError("the run option 'reset' is for resuming and forking; a new run has nothing to reset")
        if settings.run_file is not None:
            from process_core.recording.run_recorder import RunRecorder  # noqa: PLC0415 - sqlite3, for recorded runs only

            path = Path(settings.run_file)
            attachments.append(RunRecorder(path, target=settings.target, cwd=settings.cwd, point=point))
        if settings.debugger is not None:
            attachments.append(settings.debugger)
        return Run(
            PreparedRun(
                self.compiled(),
                settings,
                first,
                is_answerable=is_answerable,
                stream=stream,
                continuation=point,
                attachments=attachments,
            )
        )

    def compiled(self) -> CompiledProcess:
        """Return the graph compiled for running; once for all runs."""
        if self._plan is None:
            self._plan = CompiledProcess(self.graph)
        return self._plan

    def _input_event(self, event: str | Enum | None) -> str:
        inputs = self.graph.input_events
        if event is None:
            if len(inputs) == 1:
                return inputs[0]
            raise unknown_event("", self.name, inputs)
        name = event_name(event)
        if name not in inputs:
            raise unknown_event(name, self.name, inputs)
        return name

    def __repr__(self) -> str:
        return f"<Process {self.name!r}: {len(self.graph.steps)} steps, {len(self.graph.routes)} routes>"


def _outcome(run: Run) -> RunResult:
    if run.error is not None:
        raise run.error
    return run.result()

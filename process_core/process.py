"""The process that users run: a checked graph, and the ways to run it."""

import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol, overload

from process_core.engine.core import RunCore
from process_core.engine.plan import Plan
from process_core.engine.recording import Recorder, Sink
from process_core.engine.run import Run, RunResult, unknown_event
from process_core.engine.scope import Scope
from process_core.errors import Problem, UnknownStepError
from process_core.events import NO_DATA, RunState, WorkflowEvent, event_name
from process_core.export.dot import to_dot
from process_core.export.mermaid import to_mermaid
from process_core.graph import Graph, type_text
from process_core.services import MissingServiceError, Services
from process_core.suggestion import did_you_mean

DEFAULT_MAX_SUPERSTEPS = 1000


class Attachable(Protocol):
    """What can hold a run: a debugger."""

    def attach(self, core: RunCore) -> None:
        """Take hold of a run before its first superstep."""


class Process:
    """An immutable process; built once, run many times."""

    def __init__(self, graph: Graph, warnings: tuple[Problem, ...] = ()) -> None:
        self._graph = graph
        self._warnings = warnings
        self._plan: Plan | None = None

    @property
    def graph(self) -> Graph:
        """Its steps and routes."""
        return self._graph

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems of its definition that it can live with."""
        return self._warnings

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
        self, event: str | Enum | None = None, data: Any = NO_DATA, *, stream: Literal[False] = False, **options: Any
    ) -> Coroutine[Any, Any, RunResult]: ...
    @overload
    def run(
        self, event: str | Enum | None = None, data: Any = NO_DATA, *, stream: Literal[True], **options: Any
    ) -> AsyncIterator[WorkflowEvent]: ...
    def run(
        self, event: str | Enum | None = None, data: Any = NO_DATA, *, stream: bool = False, **options: Any
    ) -> Coroutine[Any, Any, RunResult] | AsyncIterator[WorkflowEvent]:
        """Run the process until it is at rest or over.

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
            SuperstepLimitError: The run did not come to rest.
        """
        if stream:
            return self.run_stream(event, data, **options)
        return self._run(event, data, options)

    async def _run(self, event: str | Enum | None, data: Any, options: dict[str, Any]) -> RunResult:
        run = self._prepare(event, data, None, is_answerable=False, **options)
        async with run:
            await run.idle()
            if run.error is not None:
                raise run.error
            return run.result()

    async def run_stream(
        self, event: str | Enum | None = None, data: Any = NO_DATA, **options: Any
    ) -> AsyncIterator[WorkflowEvent]:
        """Run the process and give its events as they happen.

        Args:
            event: As for `run`.
            data: As for `run`.
            **options: As for `start`.

        Yields:
            The events; leaving the loop early cancels the run.

        Raises:
            StepFailedError: After the last event; and the other errors of `run`.
        """
        stream = _Stream()
        options.setdefault("collect_events", False)
        run = self._prepare(event, data, stream, is_answerable=False, **options)
        async with run:
            stream.bind(run.core)
            async for item in stream:
                yield item
            await run.idle()
            if run.error is not None:
                raise run.error

    def start(self, event: str | Enum | None = None, data: Any = NO_DATA, **options: Any) -> Run:
        """Start a run under your control.

        Args:
            event: The input event; None begins a run that waits for `send_event`.
            data: Its payload.
            **options: `services` (`Services`), `max_supersteps` (since the last outside input), `run_file` (path),
                `initial_states` (path -> state), `debugger`, `collect_events`, `run_id`, `clock` (seconds since the
                epoch).

        Returns:
            The run; use it with `async with`.

        Raises:
            UnknownEventError: The process takes no such event.
            MissingServiceError: A step asks for a service that was not given.
            UnknownStepError: `initial_states` has a path that is no step with state.
        """
        return self._prepare(event, data, None, is_answerable=True, may_wait=True, **options)

    def _prepare(
        self,
        event: str | Enum | None,
        data: Any,
        stream: "_Stream | None",
        *,
        is_answerable: bool,
        may_wait: bool = False,
        services: Services | None = None,
        max_supersteps: int = DEFAULT_MAX_SUPERSTEPS,
        run_file: str | Path | None = None,
        initial_states: Mapping[str, Any] | None = None,
        debugger: Attachable | None = None,
        collect_events: bool = True,
        run_id: str | None = None,
        clock: Callable[[], float] = time.time,
        target: str | None = None,
    ) -> Run:
        plan = self._compiled()
        services = services or Services()
        first = None if event is None and may_wait else (self._input_event(event), data)
        _check_services(plan, services)
        _check_states(plan.graph, initial_states or {})
        if max_supersteps < 1:
            raise ValueError(f"max_supersteps must be at least 1, not {max_supersteps}")

        def make() -> tuple[RunCore, list[WorkflowEvent], Callable[[], None]]:
            name = run_id or secrets.token_hex(6)
            events: list[WorkflowEvent] = []
            sinks: list[Sink] = []
            if collect_events:
                sinks.append(events.append)
            if stream is not None:
                sinks.append(stream.put)
            recorder = Recorder(name, sinks, copies=bool(sinks), clock=clock)
            core = RunCore(
                plan,
                run_id=name,
                recorder=recorder if sinks or run_file is not None or debugger is not None else None,
                services=services,
                max_supersteps=max_supersteps,
                initial_states=initial_states or {},
                is_answerable=is_answerable,
            )
            close = _record_to_file(core, recorder, Path(run_file), target) if run_file is not None else _nothing
            if debugger is not None:
                debugger.attach(core)
            return core, events, close

        return Run(make, first)

    def _compiled(self) -> Plan:
        if self._plan is None:
            self._plan = Plan(self.graph)
        return self._plan

    def _input_event(self, event: str | Enum | None) -> str:
        known = self.graph.input_events
        if event is None:
            if len(known) == 1:
                return known[0]
            raise unknown_event("", self.name, known)
        name = event_name(event)
        if name not in known:
            raise unknown_event(name, self.name, known)
        return name

    def __repr__(self) -> str:
        return f"<Process {self.name!r}: {len(self.graph.steps)} steps, {len(self.graph.routes)} routes>"


class _Stream:
    """Events on their way to whoever iterates over them."""

    def __init__(self) -> None:
        self._events: list[WorkflowEvent] = []
        self._core: RunCore | None = None
        self._waiter: Any = None
        self._is_over = False

    def bind(self, core: RunCore) -> None:
        self._core = core

    def put(self, event: WorkflowEvent) -> None:
        self._events.append(event)
        if event.state is not None and event.state is not RunState.IN_PROGRESS:
            self._is_over = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def __aiter__(self) -> AsyncIterator[WorkflowEvent]:
        assert self._core is not None
        while True:
            # Events are taken by the batch, so that a run of a thousand hops wakes its reader a few times only.
            batch, self._events = self._events, []
            for event in batch:
                yield event
            if not self._events:
                if self._is_over:
                    return
                self._waiter = self._core.loop.create_future()
                await self._waiter


def _nothing() -> None:
    return


def _record_to_file(core: RunCore, recorder: Recorder, path: Path, target: str | None) -> Callable[[], None]:
    """Make a run write its events and states to a run file; returns what lets go of it."""
    from process_core.runfile import RunFileWriter  # noqa: PLC0415 - sqlite3 and pydantic, for recorded runs only

    def on_error(error: Exception) -> None:
        text = f"this run is no longer recorded: {error}"
        _call_on_loop(core, lambda: core.root.warn("recording_failed", text, file=str(path)))

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
        on_written=lambda _: _call_on_loop(core, core.changed),
    )
    recorder.sinks.append(writer.append)
    core.writer = writer

    def on_superstep(scope: Scope) -> None:
        states = {slot.path: slot.state for slot in scope.finished if slot.plan.spec.has_state}
        if states:
            writer.checkpoint(superstep=scope.superstep, seq=recorder.seq, path=scope.prefix[:-1], states=states)

    core.on_superstep = on_superstep
    states = core.root.states()
    if states:
        writer.checkpoint(superstep=0, seq=0, states=states)
    return writer.close


def _call_on_loop(core: RunCore, call: Callable[[], Any]) -> None:
    """Call on the run's thread, from the writer's; a loop that has closed has nobody to tell."""
    with contextlib.suppress(RuntimeError):
        core.loop.call_soon_threadsafe(call)


def _check_services(plan: Plan, services: Services) -> None:
    missing = [(path, name, kind) for path, name, kind in plan.services() if kind not in services]
    if missing:
        wanted = "; ".join(f"{path}.{name} asks for {type_text(kind)}" for path, name, kind in missing)
        raise MissingServiceError(
            f"missing service: {wanted} (services.add({type_text(missing[0][2])}, ...), then pass services=services)"
        )


def _check_states(graph: Graph, given: Mapping[str, Any]) -> None:
    known = dict(_stateful(graph, ""))
    for path in given:
        if path not in known:
            raise UnknownStepError(f"initial_states: no step with state at {path!r} ({did_you_mean(path, known)})")


def _stateful(graph: Graph, prefix: str) -> "list[tuple[str, None]]":
    found: list[tuple[str, None]] = []
    for step in graph.steps:
        if step.has_state:
            found.append((prefix + step.name, None))
        if step.graph is not None:
            found += _stateful(step.graph, f"{prefix}{step.name}/")
    return found

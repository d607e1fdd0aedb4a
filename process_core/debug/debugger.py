"""The debugger of one run: breakpoints, verbs, and what to show."""

import logging
from collections.abc import Callable, Generator
from enum import Enum
from pathlib import Path
from typing import Any

from process_core.debug.activity import Activity
from process_core.debug.breakpoint_binding import bind
from process_core.debug.breakpoint_list import BreakpointList
from process_core.debug.breakpoints import Breakpoint, BreakpointError
from process_core.debug.code_swap import CodeSwap, NewCode
from process_core.debug.debug_events import DebugEvents
from process_core.debug.debug_instrument import CrashFlush, hooks
from process_core.debug.debug_state import LiveSteps, PausePoint, PendingItem
from process_core.debug.editing.editor import Editor
from process_core.debug.explain.explain import explain_live
from process_core.debug.explain.model import Explanation
from process_core.debug.occurrence import Occurrence
from process_core.debug.pause_controller import PauseController
from process_core.debug.stepping import Verb
from process_core.engine.context import is_tracking_wanted
from process_core.engine.core import RunCore
from process_core.engine.host import TracksContext
from process_core.engine.hot_swap import SwapResult
from process_core.engine.run import Run
from process_core.errors import ProcessError, RunEndedError
from process_core.events import NO_DATA, RunState, WorkflowEvent, event_name
from process_core.process import Process
from process_core.services import Services

_log = logging.getLogger("process_core")


class Going:
    """A run on its way; awaiting it waits until the run is paused, at rest or over."""

    def __init__(self, debugger: "Debugger") -> None:
        self._debugger = debugger

    def __await__(self) -> Generator[Any, None, bool]:
        return self._debugger.wait().__await__()


class Debugger(BreakpointList):
    """Runs a process so that it can be stopped, looked at and stepped.

    Args:
        process: The process.
        **options: As for `Process.start`.

    Attributes:
        process: The process.
        run: The run, once started.
        on_change: Called on the loop's thread whenever something that a screen shows has changed.
    """

    def __init__(self, process: Process, **options: Any) -> None:
        self.run: Run | None = None
        self.on_change: Callable[[], None] | None = None
        self._options = options
        super().__init__(process)
        self._chronicle: DebugEvents | None = None
        self._gate: PauseController | None = None
        self._core: RunCore | None = None
        self._activity: Activity | None = None
        self._starts_paused = False
        self._code_swap: CodeSwap | None = None
        self._editor: Editor | None = None
        self._last_words = CrashFlush()

    # The run.

    async def start(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        paused: bool = False,
        resume_from: str | Path | None = None,
        superstep: int | None = None,
    ) -> Run:
        """Start the run.

        Args:
            event: The input event; None takes the first one.
            data: Its payload.
            paused: Pause before the first message.
            resume_from: Go on with the run of this run file in place of starting one.
            superstep: With `resume_from`: after which superstep; an earlier one than the last forks.

        Returns:
            The run.

        Raises:
            UnknownEventError: The process takes no such event.
            MissingServiceError: A step asks for a service that was not given.
            ProcessError: The run before has not ended.
        """
        if self.run is not None and not self.run.state.is_ended:
            raise ProcessError("a run is under way already; close the debugger, or wait until the run has ended")
        if event is None and resume_from is None and self.process.graph.input_events:
            event = self.process.graph.input_events[0]
        run = self.process.start(
            event, data, resume_from=resume_from, superstep=superstep, debugger=self, **self._options
        )
        self._starts_paused = paused
        if self.run is not None:
            self.run.close()
        self.run = run
        try:
            run.begin()
        except BaseException:
            self.run = None
            raise
        return run

    def attach(self, core: RunCore) -> None:
        """Take hold of a run before its first superstep; what `debugger=` does."""
        self._core = core
        self._chronicle = DebugEvents(core)
        self._gate = PauseController(core, self._watch, self._chronicle, self._changed)
        self._editor = Editor(core, self._gate, self._chronicle)
        self._activity = Activity(core)
        self._code_swap = CodeSwap(core)
        core.gate = self._gate
        core.on_invoked, core.on_ended = hooks(
            core, self._activity, self._gate, self._last_words, lambda: self.on_change
        )
        core.on_emitted = self._gate.on_emitted
        core.on_warned = self._gate.warned
        core.on_change = self._gate.tell
        if is_tracking_wanted() and isinstance(core.host, TracksContext):
            core.host.track_context = True
        if self._starts_paused:
            self._gate.arm("start")

    async def wait(self) -> bool:
        """Wait until the run is paused, at rest or over.

        Returns:
            Whether it is paused.
        """
        gate, core = self._held()
        while gate.paused is None and not core.is_resting:
            await gate.news()
        return gate.paused is not None

    @property
    def paused(self) -> PausePoint | None:
        """Where the run is paused, or None."""
        return self._gate.paused if self._gate is not None else None

    @property
    def is_pausing(self) -> bool:
        """Whether a pause was asked for and has not come yet."""
        return self._gate is not None and self._gate.is_pausing

    @property
    def state(self) -> RunState | None:
        """Where the run stands; None before it is started."""
        return self._core.state if self._core is not None else None

    @property
    def events(self) -> list[WorkflowEvent]:
        """Everything observed so far; empty with `collect_events=False`."""
        return self.run.events if self.run is not None else []

    def pending(self) -> list[PendingItem]:
        """Give the messages still to be delivered, in order."""
        return self._gate.pending() if self._gate is not None else []

    def explain(self, *, seq: int | None = None, path: str | None = None, function: str | None = None) -> Explanation:
        """Say why: what led to an event and what it led to, or where a step stands and what it waits for.

        Args:
            seq: Of an event.
            path: Of a step.
            function: Of that step, where one is meant.

        Returns:
            The answer.

        Raises:
            ExplainError: There is no such event, step or function.
            ProcessError: There is no run yet, or nothing keeps its events.
        """
        _, core = self._held()
        return explain_live(
            core, self.events, self.pending(), self.process.graph, seq=seq, path=path, function=function
        )

    @property
    def editor(self) -> Editor:
        """Changes what the run is about to do, while it is paused or at rest.

        Raises:
            ProcessError: No run has been started yet.
        """
        self._held()
        assert self._editor is not None
        return self._editor

    def live(self) -> LiveSteps:
        """Give what the steps are doing now."""
        return self._activity.live() if self._activity is not None else LiveSteps()

    # Verbs.

    async def continue_(self) -> None:
        """Go on to the next breakpoint."""
        await self._until_armed_pause()
        self.release("continue")

    async def step(self) -> bool:
        """Deliver one message, run its function, and pause before the next message.

        Returns:
            Whether the run is paused; if not it is at rest or over.
        """
        return await self._go("step")

    async def next(self) -> bool:
        """Run to the first message of the next superstep; returns as `step` does."""
        return await self._go("next")

    async def into(self) -> bool:
        """Step into the nested process that the message goes to; returns as `step` does."""
        return await self._go("into")

    async def out(self) -> bool:
        """Run until the nested process that the run is paused in has come to rest; returns as `step` does."""
        return await self._go("out")

    async def pause(self) -> None:
        """Pause before the next message."""
        self.request_pause()

    def release(self, verb: Verb) -> None:
        """Open the gate; returns at once.

        Args:
            verb: How far, see the verbs.

        Raises:
            ProcessError: The run is not paused.
        """
        gate, _ = self._held()
        if gate.paused is None:
            raise ProcessError(f"cannot {verb}: the run is not paused")
        gate.release(verb)

    def request_pause(self) -> None:
        """Pause before the next message; returns at once.

        Raises:
            RunEndedError: The run is over, so there is no next message.
        """
        gate, core = self._held()
        if core.state.is_ended:
            raise RunEndedError(f"the run is {core.state}: there is nothing to pause")
        gate.arm("pause")
        self._changed()

    def run_to(self, event: str | Enum | None = None, step: str | None = None) -> Going:
        """Go on until before an event, or before a step, or until any pause that comes first; goes on at once.

        Args:
            event: Event id.
            step: Glob on step paths.

        Returns:
            What may be awaited, as `step` is.

        Raises:
            BreakpointError: Neither is given, or nothing in the process can match.
        """
        gate, _ = self._held()
        cursor = Breakpoint(0, event_name(event) if event is not None else None, step)
        bind(cursor, self.process.graph)
        if not cursor.bound:
            raise BreakpointError(f"cannot run to there: {cursor.problem}")
        gate.run_to(cursor)
        return Going(self)

    @property
    def is_still(self) -> bool:
        """Whether the code of the run may be renewed at once: it is paused, at rest or over."""
        core = self._core
        return core is None or core.is_resting or self.paused is not None

    @property
    def generation(self) -> int:
        """Generation of the code that the run has, from 1."""
        return self._core.generation if self._core is not None else 1

    @property
    def services(self) -> Services:
        """What the run's steps are given by type."""
        return self._held()[1].services

    def at_boundary(self, call: Callable[[], None] | None) -> None:
        """Have something called at the end of a superstep, before its messages are sent on.

        Args:
            call: What to call at each; None calls nothing any more.
        """
        if self._gate is not None:
            self._gate.on_boundary = call

    def note_reload(self) -> None:
        """Say that the run, forked from before a reload, goes on with the code of after it."""
        self._held()
        assert self._code_swap is not None
        self._code_swap.note_reload()

    def swap_code(self, code: NewCode) -> SwapResult:
        """Put new code in force, at a boundary or while the run is still.

        Args:
            code: The new generation.

        Returns:
            What came of it: what goes on with old code, and what is held.

        Raises:
            ProcessError: A state does not fit, or a service is missing; nothing has changed.
        """
        gate, _ = self._held()
        assert self._code_swap is not None
        rebound = self._code_swap.swap(code)
        if gate.on_going_on is not None:
            gate.on_going_on()  # what was done by hand to messages of the old code cannot be undone in the new
        self.process = code.process
        gate.renewed()
        self._watch.rebind(code.process.graph)
        self._changed()
        return rebound

    def log(self, stream: str, text: str) -> None:
        """Record a `log` event that belongs to no step.

        Args:
            stream: Where the text went, e.g. `stdout`.
            text: The text.
        """
        self._held()
        assert self._chronicle is not None
        self._chronicle.line(stream, text)

    async def close(self) -> None:
        """End the run and let go of it."""
        if self.run is not None and self._core is not None:
            if not self._core.is_over:
                self.run.cancel()
                await self._core.rest()
            self._core.dismiss()
            self.run.close()

    # How it works.

    def _held(self) -> tuple[PauseController, RunCore]:
        if self._gate is None or self._core is None:
            raise ProcessError("no run has been started yet")
        return self._gate, self._core

    async def _until_armed_pause(self) -> None:
        """Wait for a pause that was asked for and has not come yet, as right after `start(paused=True)`."""
        gate, _ = self._held()
        if gate.paused is None and gate.is_armed:
            await self.wait()

    async def _go(self, verb: Verb) -> bool:
        await self._until_armed_pause()
        self.release(verb)
        return await self.wait()

    def _logpoint(self, point: Breakpoint, text: str, moment: Occurrence) -> None:
        if self._chronicle is not None:
            self._chronicle.logpoint(point, text, moment)

    def _changed(self) -> None:
        if self.on_change is not None:
            try:
                self.on_change()
            except Exception:  # noqa: BLE001 - the fault of a screen must not reach the run
                _log.exception("what a debugger calls on a change has failed; the run goes on")

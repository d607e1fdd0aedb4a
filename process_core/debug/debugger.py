"""The debugger of one run: breakpoints, verbs, and what to show."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from process_core.debug.breakpoint_binding import bind
from process_core.debug.breakpoint_index import BreakpointIndex
from process_core.debug.breakpoints import Breakpoint, BreakpointError, Kind, When
from process_core.debug.code_swap import CodeSwap, NewCode
from process_core.debug.debug_events import DebugEvents
from process_core.debug.debug_instrument import CrashFlush, DebugInstrument
from process_core.debug.debug_state import LiveSteps, PausePoint, PendingMessage
from process_core.debug.editing.editor import Editor
from process_core.debug.explain.explain import explain_live
from process_core.debug.explain.model import Explanation, Question
from process_core.debug.occurrence import Occurrence
from process_core.debug.pause_controller import ChangeListener, PauseController
from process_core.debug.stepping import Verb
from process_core.engine.context import is_tracking_wanted
from process_core.engine.host import TracksContext
from process_core.engine.hot_swap import SwapResult
from process_core.engine.records import RunRecord
from process_core.engine.run import Run, Runnable, RunOptions
from process_core.errors import ProcessError, RunEndedError
from process_core.events import NO_DATA, RunState, WorkflowEvent, event_name
from process_core.services import Services

if TYPE_CHECKING:
    from process_core.resume import Edits


class Going:
    """A run on its way; awaiting it waits until the run is paused, idle or over."""

    def __init__(self, debugger: "Debugger") -> None:
        self._debugger = debugger

    def __await__(self) -> Generator[Any, None, bool]:
        return self._debugger.wait().__await__()


@dataclass(frozen=True, slots=True)
class _Attached:
    """A run, and all that the debugger holds it with."""

    run: RunRecord
    controller: PauseController
    instrument: DebugInstrument
    editor: Editor
    code_swap: CodeSwap
    events: DebugEvents


class Debugger:
    """Runs a process so that it can be paused, looked at, stepped and edited.

    Breakpoints are there before a run is, and outlive it.

    Args:
        process: The process.
        **options: As for `Process.start`.

    Attributes:
        process: The process.
        run: The run, once started.
    """

    def __init__(self, process: Runnable, **options: Unpack[RunOptions]) -> None:
        self.process = process
        self.run: Run | None = None
        self._options = options
        self._listener = ChangeListener()
        self._index = BreakpointIndex(process.graph, self._logpoint)
        self._last_breakpoint = 0
        self._attached: _Attached | None = None
        self._starts_paused = False
        self._crash_flush = CrashFlush()

    @property
    def on_change(self) -> Callable[[], None] | None:
        """Called on the loop's thread whenever something that a screen shows has changed."""
        return self._listener.call

    @on_change.setter
    def on_change(self, call: Callable[[], None] | None) -> None:
        self._listener.call = call
        if self._attached is not None:
            self._attached.controller.listened()

    # Breakpoints.

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """All breakpoints, in the order they were added."""
        return tuple(self._index)

    def add_breakpoint(
        self,
        event: str | Enum | None = None,
        step: str | None = None,
        function: str | None = None,
        route: str | None = None,
        when: When = "before",
        condition: str | None = None,
        hits: str | None = None,
        log: str | None = None,
        *,
        once: bool = False,
        kind: Kind = "event",
        code: str | None = None,
        state: str | None = None,
    ) -> Breakpoint:
        """Add a breakpoint; every argument must match.

        Args:
            event: Event id, or a glob on event ids.
            step: Glob on step paths; `Map[3]` is an element of a map, `Map[*]` any.
            function: Function name.
            route: Route id.
            when: Before delivery, after completion, or on emit. Before an event that does nothing but stop its process
                is before the end of its superstep.
            condition: Predicate text; where it cannot be decided for a payload, the breakpoint pauses once to show it.
            hits: `==n`, `>=n` or `%n` on the times it matched.
            log: Template to log instead of pausing.
            once: Remove it after its first hit.
            kind: What it is about: `event` (a message or a call), `error` (a function fails, handled or not: before
                anything else follows from it; its data is the input), `warning`, `quiescence` (before the run
                becomes idle), or `state` (a watchpoint: a value in the state of a step has changed, but for what was
                done by hand; its data is the new value).
            code: Type of the error (`ValueError`), or code of the warning.
            state: With kind `state`, the path of the value in the state (`orders[0].total`); None is all of it.

        Returns:
            The breakpoint; `bound` is False where nothing can ever match it.

        Raises:
            BreakpointError: It makes no sense.
            PredicateError: The condition or the template does not parse.
        """
        name = event_name(event) if event is not None else None
        added = Breakpoint(
            self._last_breakpoint + 1, name, step, function, route, when, condition, hits, log, once,
            kind=kind, code=code, state=state,
        )  # fmt: skip
        self._last_breakpoint = added.id
        self._add(added)
        return added

    def edit_breakpoint(self, number: int, **fields: Any) -> Breakpoint:
        """Replace a breakpoint: the new one has the same id, and its hit count starts again.

        Args:
            number: The id.
            **fields: As for `add_breakpoint`.

        Returns:
            The new breakpoint.

        Raises:
            BreakpointError: It makes no sense, or there is none of that id.
            PredicateError: The condition or the template does not parse.
        """
        if all(point.id != number for point in self._index):
            raise BreakpointError(f"there is no breakpoint {number}")
        if fields.get("event") is not None:
            fields["event"] = event_name(fields["event"])
        other = Breakpoint(number, **fields)
        self._add(other)
        return other

    def _add(self, point: Breakpoint) -> None:
        self._index.add(point)
        self._note_states()
        self._listener.notify()

    def _note_states(self) -> None:
        """Let watchpoints count what changes from now on."""
        if self._attached is not None:
            self._attached.controller.note_states()

    @property
    def muted(self) -> bool:
        """Whether no breakpoint counts, logpoints included; the run then goes at full speed."""
        return self._index.is_muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._index.is_muted = muted
        self._note_states()
        self._listener.notify()

    def remove_breakpoint(self, number: int) -> None:
        """Remove a breakpoint; does nothing where it is gone already."""
        self._index.remove(number)
        self._listener.notify()

    def _logpoint(self, point: Breakpoint, text: str, occurrence: Occurrence) -> None:
        if self._attached is not None:
            self._attached.events.logpoint(point, text, occurrence)

    # The run.

    async def start(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        paused: bool = False,
        resume_from: str | Path | None = None,
        superstep: int | None = None,
        edits: "Edits | Mapping[str, Any] | None" = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Start the run.

        Args:
            event: The input event; None takes the first one.
            data: Its payload.
            paused: Pause before the first message.
            resume_from: Resume the run of this run file in place of starting one.
            superstep: With `resume_from`: after which superstep; an earlier one than the last forks.
            edits: With `resume_from`: as for `Process.start`.
            **options: As for `Process.start`, in addition to those that the debugger was made with.

        Returns:
            The run.

        Raises:
            UnknownEventError: The process has no such input event.
            MissingServiceError: A step asks for a service that is missing.
            ProcessError: The run before has not ended.
        """
        if self.run is not None and not self.run.state.is_ended:
            raise ProcessError("a run is under way already; close the debugger, or wait until the run has ended")
        if event is None and resume_from is None and self.process.graph.input_events:
            event = self.process.graph.input_events[0]
        chosen: RunOptions = {**self._options, **options, "debugger": self}
        run = self.process.start(event, data, resume_from=resume_from, superstep=superstep, edits=edits, **chosen)
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

    def attach(self, run: RunRecord) -> None:
        """Take hold of a run before its first superstep; what `debugger=` does."""
        events = DebugEvents(run)
        controller = PauseController(run, self._index, events, self._listener)
        instrument = DebugInstrument(run, controller, self._crash_flush, self._listener)
        editor = Editor(run, controller, events)
        self._attached = _Attached(run, controller, instrument, editor, CodeSwap(run), events)
        run.controller = controller
        run.attach(instrument)
        if is_tracking_wanted() and isinstance(run.host, TracksContext):
            run.host.track_context = True
        if self._starts_paused:
            controller.arm("start")

    async def wait(self) -> bool:
        """Wait until the run is paused, idle or over.

        Returns:
            Whether it is paused.
        """
        attached = self._held()
        controller, driver = attached.controller, attached.run.driver
        while controller.paused is None and not driver.is_idle:
            await controller.news()
        return controller.paused is not None

    @property
    def paused(self) -> PausePoint | None:
        """Where the run is paused, or None."""
        return self._attached.controller.paused if self._attached is not None else None

    @property
    def is_pausing(self) -> bool:
        """Whether a pause was asked for and has not come yet."""
        return self._attached is not None and self._attached.controller.is_pausing

    @property
    def state(self) -> RunState | None:
        """The state of the run; None before it is started."""
        return self._attached.run.state if self._attached is not None else None

    @property
    def events(self) -> list[WorkflowEvent]:
        """Everything observed so far; empty with `collect_events=False`."""
        return self.run.events if self.run is not None else []

    def pending(self) -> list[PendingMessage]:
        """Return the messages still to be delivered, in order."""
        return self._attached.controller.pending() if self._attached is not None else []

    def count_pending(self) -> int:
        """Return how many messages are still to be delivered; costs little however many they are."""
        return self._attached.controller.count_pending() if self._attached is not None else 0

    def explain(self, *, seq: int | None = None, path: str | None = None, function: str | None = None) -> Explanation:
        """Explain what led to an event and what it led to, or what a step has done and what it waits for.

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
        run, question = self._held().run, Question(seq, path, function)
        return explain_live(run, self.events, self.pending(), self.process.graph, question, self._index.silent())

    @property
    def editor(self) -> Editor:
        """Changes what the run is about to do, while it is paused or idle.

        Raises:
            ProcessError: No run has been started yet.
        """
        return self._held().editor

    def live(self) -> LiveSteps:
        """Return what the steps are doing now."""
        return self._attached.instrument.live() if self._attached is not None else LiveSteps()

    # Verbs.

    async def continue_(self) -> None:
        """Go on to the next breakpoint."""
        await self._until_requested_pause()
        self.release("continue")

    async def step(self) -> bool:
        """Deliver one message, run its function, and pause before the next message.

        Returns:
            Whether the run is paused; if not it is idle or over.
        """
        return await self._go("step")

    async def next(self) -> bool:
        """Run to the first message of the next superstep, of a nested process too; returns as `step` does."""
        return await self._go("next")

    async def into(self) -> bool:
        """Step into the nested process that the message goes to; returns as `step` does."""
        return await self._go("into")

    async def out(self) -> bool:
        """Run until the nested process that the run is paused in is idle; returns as `step` does."""
        return await self._go("out")

    async def pause(self) -> None:
        """Pause before the next message."""
        self.request_pause()

    def release(self, verb: Verb) -> None:
        """Go on from a pause; returns at once.

        Args:
            verb: How far, see the verbs.

        Raises:
            ProcessError: The run is not paused.
        """
        controller = self._held().controller
        if controller.paused is None:
            raise ProcessError(f"cannot {verb}: the run is not paused")
        controller.release(verb)

    def request_pause(self) -> None:
        """Pause before the next message; returns at once.

        Raises:
            RunEndedError: The run is over, so there is no next message.
        """
        attached = self._held()
        if attached.run.state.is_ended:
            raise RunEndedError(f"the run is {attached.run.state}: there is nothing to pause")
        attached.controller.arm("pause")
        self._listener.notify()

    def run_to(self, event: str | Enum | None = None, step: str | None = None) -> Going:
        """Go on until before an event, or before a step, or until any pause that comes first; goes on at once.

        Args:
            event: Event id.
            step: Glob on step paths.

        Returns:
            What may be awaited, as `step` is.

        Raises:
            BreakpointError: Neither is set, or nothing in the process can match.
        """
        controller = self._held().controller
        cursor = Breakpoint(0, event_name(event) if event is not None else None, step)
        bind(cursor, self.process.graph)
        if not cursor.bound:
            raise BreakpointError(f"cannot run to there: {cursor.problem}")
        controller.run_to(cursor)
        return Going(self)

    async def close(self) -> None:
        """End the run and let go of it."""
        if self.run is not None and self._attached is not None:
            driver = self._attached.run.driver
            if not driver.is_over:
                self.run.cancel()
                await driver.idle()
            await driver.dismiss()
            self.run.close()

    # New code.

    @property
    def is_still(self) -> bool:
        """Whether the code of the run may be replaced at once: it is paused, idle or over."""
        return self._attached is None or self._attached.run.driver.is_idle or self.paused is not None

    @property
    def generation(self) -> int:
        """Generation of the code that the run has, from 1."""
        return self._attached.run.generation if self._attached is not None else 1

    @property
    def services(self) -> Services:
        """What the run's steps receive by type."""
        return self._held().run.services

    def at_boundary(self, call: Callable[[], None] | None) -> None:
        """Call something at the end of each superstep, before its messages are sent on; None calls nothing."""
        if self._attached is not None:
            self._attached.controller.at_boundary(call)

    def note_reload(self) -> None:
        """Record that the run, forked from before a reload, goes on with the code of after it."""
        self._held().code_swap.note_reload()

    def swap_code(self, code: NewCode) -> SwapResult:
        """Put new code in force, at a boundary or while the run is still.

        Args:
            code: The new generation.

        Returns:
            What came of it: what goes on with old code, and what cannot be delivered.

        Raises:
            ProcessError: A state does not fit, or a service is missing; nothing has changed.
        """
        attached = self._held()
        result = attached.code_swap.swap(code)
        controller = attached.controller
        if controller.on_continue is not None:
            controller.on_continue()  # what was done by hand to messages of the old code cannot be undone in the new
        self.process = code.process
        controller.code_swapped()
        self._index.rebind(code.process.graph)
        self._note_states()
        self._listener.notify()
        return result

    def log(self, stream: str, text: str) -> None:
        """Record a `log` event that belongs to no step.

        Args:
            stream: Where the text went, e.g. `stdout`.
            text: The text.
        """
        self._held().events.line(stream, text)

    # How it works.

    def _held(self) -> _Attached:
        if self._attached is None:
            raise ProcessError("no run has been started yet")
        return self._attached

    async def _until_requested_pause(self) -> None:
        """Wait for a pause that was asked for and has not come yet, as right after `start(paused=True)`."""
        controller = self._held().controller
        if controller.paused is None and controller.is_pause_due:
            await self.wait()

    async def _go(self, verb: Verb) -> bool:
        await self._until_requested_pause()
        self.release(verb)
        return await self.wait()

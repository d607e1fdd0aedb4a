"""What the screen asks of a session, in the user's terms; knows nothing of widgets."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from process_core.events import RunState
from process_core.session.client.session import RESTARTED, CommandRefused, Session
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.status import Loaded, PendingMessage, Status
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    Command,
    EditResult,
    FieldKind,
    ListPending,
    Respond,
    ResumeChoices,
    ResumeRun,
    RunTo,
    SendEvent,
    Start,
    Verb,
    Viewpoint,
    capabilities,
    verbs,
)
from process_core.suggestions import full_path, suggestion
from tui.breakpoints.text import BreakTextError, Names, names_of, read_breakpoint, write_breakpoint
from tui.commands.parser import split_event
from tui.commands.verb_line import VerbLineError, read_verb
from tui.status.keys import BUSY
from tui.text.safe_text import NAME, PREVIEW, safe
from tui.typed_json import TypedJsonError, read_json

NOT_RESUMED: Final = "not_resumed"
UNKNOWN_EVENT: Final = "unknown_event"
"""Code of the failure to resume a recorded run with a target that could be loaded."""


_RUN_TO_BLAME: Final = frozenset({"cannot_resume", "run_file", "run_live", "missing_service", "refused"})


class RefusedError(Exception):
    """Something asked for was not done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How to begin a run.

    Attributes:
        event: Input event; None takes the only one, or the first.
        data: Its payload.
        has_data: Whether there is one.
        paused: Pause before the first message.
        breakpoints: Event ids (or step paths) to break on.
        max_supersteps: Supersteps allowed since the last outside input; None leaves it to the process.
        is_begun: Whether the run was begun already, by whoever loaded the target.
    """

    event: str | None = None
    data: Any = None
    has_data: bool = False
    paused: bool = False
    breakpoints: tuple[str, ...] = ()
    max_supersteps: int | None = None
    is_begun: bool = False


class RunControl:
    """Drives one session.

    Args:
        session: An open session.
        target: What it is to load.
        options: How to begin.
        loading: The first loading of the target, where it has begun.
    """

    def __init__(
        self,
        session: Session,
        target: str,
        options: StartOptions | None = None,
        loading: "asyncio.Task[Loaded] | None" = None,
    ) -> None:
        self.session = session
        self.target = target
        self.options = options or StartOptions()
        self._loading = loading
        self._run_file = ""

    @property
    def status(self) -> Status:
        """The state of the session."""
        return self.session.status

    @property
    def is_loading(self) -> bool:
        """Whether what was begun by whoever made this, to load the target and perhaps resume a run, is not over."""
        return self._loading is not None

    @property
    def loaded(self) -> Loaded | None:
        """What the session has loaded."""
        return self.session.loaded

    @property
    def events(self) -> tuple[str, ...]:
        """Every event id of the process, in the order of its routes."""
        return tuple(self.place_names.events)

    @property
    def steps(self) -> tuple[str, ...]:
        """Every step path."""
        return tuple(node.path for node in self.loaded.nodes) if self.loaded else ()

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function, after the path of its step and a dot."""
        nodes = self.loaded.nodes if self.loaded else ()
        return tuple(f"{node.path}.{function}" for node in nodes for function in node.functions)

    @property
    def place_names(self) -> Names:
        """The names that the place of a breakpoint may mean."""
        return names_of(self.loaded) if self.loaded else Names()

    async def begin(self) -> list[str]:
        """Set the breakpoints asked for and start the run; return what the user should know of the breakpoints.

        Raises:
            RefusedError: The run cannot be started.
        """
        results = [await self.break_on(name) for name in self.options.breakpoints]
        if not self.options.is_begun:
            await self._start()
        return [text for text, bound in results if not bound]

    async def _start(self) -> None:
        options = self.options
        await self.ask(
            Start(
                event=options.event,
                data=options.data,
                has_data=options.has_data,
                paused=options.paused,
                max_supersteps=options.max_supersteps,
            )
        )

    async def load(self) -> Loaded:
        """Load the target.

        Raises:
            CommandRefused: The target cannot be loaded; nothing has changed.
        """
        begun, self._loading = self._loading, None
        return await (begun if begun is not None else self.session.load(self.target))

    async def restart(self) -> Loaded:
        """Load the target and start it again with the same input.

        A worker that died, or whose loop does not answer, is replaced by a new one.

        Raises:
            CommandRefused: The target cannot be loaded; what ran before still does, unless its worker died.
            RefusedError: The run cannot be started.
        """
        if self.session.died is not None or self.status.blocked_for > 0:
            loaded = await self.session.restart_worker()
            await self._start()
            return loaded
        loaded = await self.session.load(self.target)
        await self._start()
        return loaded

    async def resume(self, superstep: int | None = None, *, choices: ResumeChoices) -> Loaded:
        """Load edits and resume the run after a superstep; one before the last forks into a new file.

        Args:
            superstep: After which; None resumes it at its end.
            choices: What is done with what does not fit the code.

        Raises:
            CommandRefused: The edits cannot be loaded, or the run cannot be resumed; nothing has changed.
            RefusedError: There is nothing to resume.
        """
        status, has_died = self.status, self.session.died is not None
        self._run_file = status.run_file or self._run_file
        if not self._run_file:
            raise RefusedError("there is no run yet")
        if not has_died and not status.blocked_for and status.run_file and not _is_over(status):
            raise RefusedError("the run is alive: it goes on by itself, or from a pause with c")
        if status.state is RunState.STOPPED and superstep is None:
            raise RefusedError("the run was STOPPED, which is final; resume SUPERSTEP forks a new one")
        if has_died or status.blocked_for > 0:
            await self.session.restart_worker()
        is_paused = superstep is not None
        command = ResumeRun(
            run_file=self._run_file, superstep=superstep, paused=is_paused, fresh=True, **choices.fields()
        )
        return await request_resume(self.session, command)

    async def fork(self, superstep: int, *, choices: ResumeChoices) -> Loaded:
        """Resume the current run after an earlier superstep, as a run of its own that begins paused.

        Args:
            superstep: After which.
            choices: As for `resume`.

        Raises:
            CommandRefused: It cannot be resumed from there; nothing has changed.
            RefusedError: There is no run.
        """
        if not self.status.run_file:
            raise RefusedError("there is no run yet")
        command = ResumeRun(run_file=self.status.run_file, superstep=superstep, paused=True, **choices.fields())
        return await request_resume(self.session, command)

    async def verb(self, name: str) -> None:
        """Do a verb that needs no arguments, by its name in the verb table.

        Raises:
            RefusedError: It makes no sense now.
        """
        await self.do(verbs()[name]())

    async def send_verb(self, name: str, line: str, names: Mapping[FieldKind, Sequence[tuple[str, str]]]) -> str:
        """Do a verb with the arguments typed for it; return what was done, as a safe line.

        Args:
            name: In the verb table.
            line: The arguments, by the fields of its model.
            names: The names that they may hold, each with a hint.

        Raises:
            RefusedError: It cannot be read, makes no sense now, or the worker refused it.
        """
        try:
            command = read_verb(verbs()[name], line, {kind: [word for word, _ in each] for kind, each in names.items()})
        except VerbLineError as error:
            raise RefusedError(str(error)) from None
        done = await self.do(command)
        text = done.text if isinstance(done, EditResult) else json.dumps(done, default=str) if done is not None else ""
        return safe(text or f"{command.word}: done", PREVIEW)

    async def do(self, command: Verb) -> Any:
        """Do a verb, unless it makes no sense now; return the value of the reply.

        Raises:
            RefusedError: It makes no sense now, or the worker refused it.
        """
        reason = self.capabilities()[command.name]
        if reason is not None:
            raise RefusedError(reason)
        return await self.ask(command)

    def capabilities(self, viewpoint: Viewpoint = Viewpoint.PRESENT, elsewhere: str = "") -> Mapping[str, str | None]:
        """Return for each verb, by its name, None where it is allowed now, else the reason why not."""
        limits = self.loaded.limits if self.loaded is not None else {}
        is_busy = self.session.died is None and self.status.blocked_for >= BUSY
        out = self._out_of_reach()
        return capabilities(self.status, viewpoint, elsewhere, out_of_reach=out, is_busy=is_busy, limits=limits)

    def _out_of_reach(self) -> str | None:
        if self.session.died is not None:
            return f"{safe(self.session.died.reason)}: press R to restart, or u to resume the run"
        if self.status.blocked_for >= BUSY:
            where = ", ".join(safe(path, NAME) for path in self.status.running) or "the target's code"
            return f"{where} keeps the worker busy: wait, press P to see where, or R to restart"
        return None

    async def run_to(self, place: str) -> str:
        """Go on until just before an event or a step, once; return which, as a safe line.

        Raises:
            RefusedError: There is no such event or step.
        """
        if place not in self.events:
            place = full_path(place, self.steps)
        if place in self.steps and place not in self.events:
            await self.ask(RunTo(step=place))
            return f"running to step {safe(place, NAME)}"
        if place in self.events:
            await self.ask(RunTo(event=place))
            return f"running to {safe(place, NAME)}"
        raise RefusedError(f"no event or step {self.unknown(place, (*self.events, *self.steps))}")

    async def break_on(self, place: str) -> tuple[str, bool]:
        """Set a breakpoint, written as for `:break`; return what was set, and whether nothing speaks against it.

        Raises:
            RefusedError: It cannot be read, or the worker refused it.
        """
        try:
            spec = read_breakpoint(place, self.place_names)
        except BreakTextError as error:
            raise RefusedError(str(error)) from None
        made: BreakpointSpec = await self.ask(AddBreakpoint(breakpoint=spec))
        if made.bound:
            text = f"breakpoint {made.id} on {safe(write_breakpoint(made, self.place_names), PREVIEW)}"
            return (text, True) if made.problem is None else (f"{text}: {safe(made.problem, PREVIEW)}", False)
        named = made.event or made.step or ""
        places = (*self.events, *self.steps)
        problem = safe(made.problem or f"nothing in this process matches {named!r}", PREVIEW)
        hint = "" if "did you mean" in problem else suggestion(named, places)
        return f"breakpoint {made.id} waits: {problem}{hint}", False

    async def send(self, argument: str) -> str:
        """Send an input event; `argument` is its id, and its data as JSON after it.

        Raises:
            RefusedError: The data is not JSON, or the event is unknown.
        """
        inputs = self.loaded.input_events if self.loaded else ()
        event, text = split_event(argument, inputs)
        if event not in inputs:
            raise RefusedError(f"no input event {self.unknown(event, inputs)}")
        command = SendEvent(event=event)
        if text:
            try:
                command = SendEvent(event=event, data=read_json(text), has_data=True)
            except TypedJsonError as error:
                raise RefusedError(f"the data is {error}") from None
        await self.ask(command)
        return f"sent {safe(event, NAME)}"

    async def answer(self, request_id: str, text: str | None) -> None:
        """Answer an open question; the worker converts the text to the type asked for. None: nothing more comes.

        Raises:
            RefusedError: The answer does not fit, or the question is not open any more.
        """
        await self.ask(Respond(request_id=request_id, value=text))

    async def pending(self) -> list[PendingMessage]:
        """List the messages still to be delivered, in order of delivery."""
        messages: list[PendingMessage] = await self.ask(ListPending())
        return messages

    async def ask(self, command: Command) -> Any:
        """Send a command; return the value of the reply.

        Raises:
            RefusedError: The worker refused it, or is gone.
        """
        if self.session.died is not None:
            raise RefusedError(self._out_of_reach() or "")
        try:
            return await self.session.request(command)
        except CommandRefused as refused:
            # a request to a worker that the user has replaced since has not failed: there is nothing to report
            raise RefusedError(refused.failure.message if refused.failure.code != RESTARTED else "") from None

    @staticmethod
    def unknown(name: str, known: tuple[str, ...] | list[str]) -> str:
        """Return a name that does not exist, with the nearest one that does."""
        return f"{safe(name, NAME)!r}{suggestion(name, known)}"


async def request_resume(session: Session, command: ResumeRun) -> Loaded:
    """Resume a recorded run in a session that has loaded its target.

    Raises:
        CommandRefused: It cannot be resumed; where the target is not to blame the failure's code is `not_resumed`.
    """
    try:
        loaded: Loaded = await session.request(command)
    except CommandRefused as refused:
        if refused.failure.code not in _RUN_TO_BLAME:
            raise
        raise CommandRefused(refused.failure.model_copy(update={"code": NOT_RESUMED})) from refused
    session.loaded = loaded
    return loaded


def _is_over(status: Status) -> bool:
    return status.state is not None and status.state.is_ended


def unknown_event(event: str | None, loaded: Loaded) -> Failure | None:
    """Return why a run cannot start with an event that the user named, or None where the process has it."""
    if event is None or event in loaded.input_events:
        return None
    hint = suggestion(event, loaded.input_events)
    return Failure(code=UNKNOWN_EVENT, message=f"{loaded.name} has no input event {event!r}{hint}")

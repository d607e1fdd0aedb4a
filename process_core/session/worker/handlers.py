"""What carries out each command: one function each, found by its model.

Whether a command makes sense now is checked once, before its handler, by what the command says it needs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from process_core.debug import EditRecord
from process_core.events import NO_DATA
from process_core.session.protocol import verbs
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import PROTOCOL_VERSION, bounded
from process_core.session.protocol.status import Explanation, Loaded, PendingMessage, Status
from process_core.session.protocol.verbs import Command, Editable, EditResult
from process_core.session.worker.command_errors import CommandError
from process_core.session.worker.editable import TEXT, editable, edited
from process_core.session.worker.live_session import LiveSession
from process_core.session.worker.stacks import stacks
from process_core.session.worker.status import pending_message
from process_core.session.worker.typed_answer import answer

Handler = Callable[[LiveSession, Any], Awaitable[Any]]
H = TypeVar("H", bound=Handler)

HANDLERS: Final[dict[type[Command], Handler]] = {}


def handles(kind: type[Command]) -> Callable[[H], H]:
    """Register what carries out a command; its result is the value of the reply."""

    def register(handler: H) -> H:
        HANDLERS[kind] = handler
        return handler

    return register


async def dispatch(session: LiveSession, command: Command, status: Callable[[], Status]) -> Any:
    """Do a command and return the value of its reply: lists, dicts and what JSON has besides.

    Args:
        session: The session it concerns.
        command: The command.
        status: Returns the current status; called only for a command that needs something of it.

    Raises:
        CommandError: It makes no sense now.
        ProcessError: The process or the run refused it.
    """
    if command.name in session.limits:
        raise CommandError("not_supported", session.limits[command.name])
    if command.needs:
        _ = session.debugger  # raises where nothing is loaded
        refusal = command.refusal(status())
        if refusal is not None:
            raise CommandError(*refusal)
    return command.answer_type().dump_python(await HANDLERS[type(command)](session, command))


# The session.


@handles(verbs.Hello)
async def _hello(_: LiveSession, command: verbs.Hello) -> dict[str, int]:
    if command.version != PROTOCOL_VERSION:
        message = f"this worker speaks version {PROTOCOL_VERSION} of the protocol, the client version {command.version}"
        raise CommandError("version", message)
    return {"version": PROTOCOL_VERSION}


@handles(verbs.Load)
async def _load(session: LiveSession, command: verbs.Load) -> Loaded:
    return await session.load(command)


@handles(verbs.Start)
async def _start(session: LiveSession, command: verbs.Start) -> None:
    await session.start(command)


@handles(verbs.ResumeRun)
async def _resume(session: LiveSession, command: verbs.ResumeRun) -> Loaded:
    return await session.resume(command)


@handles(verbs.ListPending)
async def _list_pending(session: LiveSession, _: verbs.ListPending) -> list[PendingMessage]:
    return [pending_message(item) for item in session.debugger.pending()]


@handles(verbs.Quit)
async def _quit(session: LiveSession, _: verbs.Quit) -> None:
    await session.close()


# Running.


@handles(verbs.Continue)
async def _continue(session: LiveSession, _: verbs.Continue) -> None:
    session.debugger.release("continue")


@handles(verbs.StepOnce)
async def _step(session: LiveSession, _: verbs.StepOnce) -> None:
    session.debugger.release("step")


@handles(verbs.Next)
async def _next(session: LiveSession, _: verbs.Next) -> None:
    session.debugger.release("next")


@handles(verbs.Into)
async def _into(session: LiveSession, _: verbs.Into) -> None:
    session.debugger.release("into")


@handles(verbs.Out)
async def _out(session: LiveSession, _: verbs.Out) -> None:
    session.debugger.release("out")


@handles(verbs.Pause)
async def _pause(session: LiveSession, _: verbs.Pause) -> None:
    session.debugger.request_pause()


@handles(verbs.Stop)
async def _stop(session: LiveSession, _: verbs.Stop) -> None:
    session.run.cancel()


@handles(verbs.RunTo)
async def _run_to(session: LiveSession, command: verbs.RunTo) -> None:
    if command.event is None and command.step is None:
        raise CommandError("bad_command", "run to which event or step?")
    session.debugger.run_to(event=command.event, step=command.step)


@handles(verbs.LimitSupersteps)
async def _limit_supersteps(session: LiveSession, command: verbs.LimitSupersteps) -> EditResult:
    session.limit_supersteps(command.supersteps)
    return EditResult(text=f"at most {command.supersteps} supersteps since the last outside input")


@handles(verbs.Reload)
async def _reload(session: LiveSession, command: verbs.Reload) -> None:
    _ = session.debugger  # raises where nothing is loaded
    session.hot_reload.act(command)


@handles(verbs.SendEvent)
async def _send_event(session: LiveSession, command: verbs.SendEvent) -> None:
    await session.run.send_event(command.event, command.data if command.has_data else NO_DATA)


@handles(verbs.Respond)
async def _respond(session: LiveSession, command: verbs.Respond) -> None:
    run = session.run
    request = next((event for event in run.pending_requests if event.request_id == command.request_id), None)
    response_type = (request.response_type or "") if request is not None else ""
    await answer(run, command.request_id, response_type, command.value)


@handles(verbs.Explain)
async def _explain(session: LiveSession, command: verbs.Explain) -> Explanation:
    return session.debugger.explain(seq=command.seq, path=command.path, function=command.function)


@handles(verbs.ShowStack)
async def _show_stack(session: LiveSession, command: verbs.ShowStack) -> str:
    del session, command
    return stacks(asyncio.get_running_loop())


# Breakpoints.


@handles(verbs.AddBreakpoint)
async def _add_breakpoint(session: LiveSession, command: verbs.AddBreakpoint) -> BreakpointSpec:
    return session.breakpoints.add(session.debugger, command.breakpoint)


@handles(verbs.EditBreakpoint)
async def _edit_breakpoint(session: LiveSession, command: verbs.EditBreakpoint) -> BreakpointSpec:
    return session.breakpoints.edit(session.debugger, command.breakpoint)


@handles(verbs.RemoveBreakpoint)
async def _remove_breakpoint(session: LiveSession, command: verbs.RemoveBreakpoint) -> None:
    session.breakpoints.remove(session.debugger, command.breakpoint)


@handles(verbs.EnableBreakpoint)
async def _enable_breakpoint(session: LiveSession, command: verbs.EnableBreakpoint) -> None:
    session.breakpoints.enable(command.breakpoint, enabled=command.enabled)


@handles(verbs.MuteBreakpoints)
async def _mute_breakpoints(session: LiveSession, command: verbs.MuteBreakpoints) -> None:
    session.breakpoints.mute(session.debugger, muted=command.muted)


# Editing.


@handles(verbs.MoveMessage)
async def _move_message(session: LiveSession, command: verbs.MoveMessage) -> EditResult:
    return _edit_result(session.debugger.editor.move(command.message, command.place))


@handles(verbs.HoldMessage)
async def _hold_message(session: LiveSession, command: verbs.HoldMessage) -> EditResult:
    editor = session.debugger.editor
    return _edit_result(editor.hold(command.message) if command.held else editor.let_go(command.message))


@handles(verbs.DropMessage)
async def _drop_message(session: LiveSession, command: verbs.DropMessage) -> EditResult:
    return _edit_result(session.debugger.editor.drop(command.message))


@handles(verbs.DuplicateMessage)
async def _duplicate_message(session: LiveSession, command: verbs.DuplicateMessage) -> EditResult:
    return _edit_result(session.debugger.editor.duplicate(command.message))


@handles(verbs.ReadMessage)
async def _read_message(session: LiveSession, command: verbs.ReadMessage) -> Editable:
    data, annotation = session.debugger.editor.payload(command.message)
    return editable(None if data is NO_DATA else data, annotation)


@handles(verbs.EditMessage)
async def _edit_message(session: LiveSession, command: verbs.EditMessage) -> EditResult:
    editor = session.debugger.editor
    data, _ = editor.payload(command.message)
    if data is not NO_DATA:
        return _edit_result(editor.edit(command.message, edited(data, command.data, "payload_mismatch")))
    return _edit_result(editor.edit(command.message, command.data))


@handles(verbs.Inject)
async def _inject(session: LiveSession, command: verbs.Inject) -> EditResult:
    data = command.data if command.has_data else NO_DATA
    return _edit_result(session.debugger.editor.inject(command.event, data, command.step))


@handles(verbs.ReadState)
async def _read_state(session: LiveSession, command: verbs.ReadState) -> Editable:
    state, kind = session.debugger.editor.state(command.path)
    return editable(state, Any if kind is None else kind)


@handles(verbs.EditState)
async def _edit_state(session: LiveSession, command: verbs.EditState) -> EditResult:
    editor = session.debugger.editor
    state, _ = editor.state(command.path)
    return _edit_result(editor.edit_state(command.path, edited(state, command.state)))


@handles(verbs.ForceComplete)
async def _force_complete(session: LiveSession, command: verbs.ForceComplete) -> EditResult:
    return _edit_result(session.debugger.editor.force_complete(command.path, command.result))


@handles(verbs.Undo)
async def _undo(session: LiveSession, _: verbs.Undo) -> EditResult:
    return _edit_result(session.debugger.editor.undo())


def _edit_result(record: EditRecord) -> EditResult:
    return EditResult(text=bounded(record.text, TEXT), seq=record.seq)

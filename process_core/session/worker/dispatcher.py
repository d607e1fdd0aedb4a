"""Holds what a session works on: a loaded process, its debugger with the current run, and the breakpoints."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from process_core.debug import Debugger
from process_core.engine.run import Run, unknown_event
from process_core.errors import ProcessError
from process_core.events import NO_DATA
from process_core.process import Process
from process_core.resume import load_point
from process_core.session.protocol.envelope import PROTOCOL_VERSION
from process_core.session.protocol.explanation import Explain, Explanation
from process_core.session.protocol.messages import (
    AnyCommand,
    Control,
    Hello,
    ListPending,
    Load,
    Loaded,
    PendingMessage,
    Quit,
    Reload,
    Reloaded,
    Respond,
    Restart,
    ResumeRun,
    RunTo,
    SendEvent,
    Start,
    Status,
)
from process_core.session.worker.breakpoint_file import target_key
from process_core.session.worker.breakpoint_handlers import BreakpointHandlers
from process_core.session.worker.command_errors import CommandError, problem_infos
from process_core.session.worker.edit_handlers import EditHandlers
from process_core.session.worker.explain_handlers import explain_run
from process_core.session.worker.hot_reload import HotReload
from process_core.session.worker.parse_answer import parse_answer
from process_core.session.worker.recorded_run import read_recorded_run
from process_core.session.worker.status import pending_message, status_of
from process_core.session.worker.target import LoadedTarget, open_target

END_GRACE: Final = 2.0
"""Seconds that the steps of an ended run get to end."""


class Dispatcher:
    """Carries out the commands of a session, one after another.

    Args:
        cwd: The folder that targets are relative to.
        options: Gives further options of the next run.
        new_run_file: Gives the path of the next run's file, from the name of the process.
        changed: Called whenever the status may have changed.
        notice: Tells the user something once: severity and text.
        reloaded: Tells that new code is in force.
        breakpoints_file: Where breakpoints are kept from one session to the next; None keeps them nowhere.
    """

    def __init__(
        self,
        *,
        cwd: str | Path,
        options: Callable[[], Mapping[str, Any]],
        new_run_file: Callable[[str], Path],
        changed: Callable[[], None],
        notice: Callable[[str, str], None],
        reloaded: Callable[[Reloaded], None],
        breakpoints_file: Path | None = None,
    ) -> None:
        self._cwd = Path(cwd).resolve()
        self._options = options
        self._new_run_file = new_run_file
        self._changed = self._has_changed
        self._tell_changed = changed
        self._notice = notice
        self._opened: LoadedTarget | None = None
        self._target = ""
        self._debugger: Debugger | None = None
        self._run_file = ""
        self._started: Start | None = None
        self._breakpoints = BreakpointHandlers(self._ready, breakpoints_file, notice)
        self._reloading = HotReload(
            debugger=lambda: self._debugger, adopt=self._adopt, changed=changed, notice=notice, tell=reloaded
        )
        self._verbs: Mapping[type[Any], Callable[[Any], Awaitable[Any]]] = {
            Hello: _greeted,
            Load: self._load,
            Reload: self._reload,
            Start: self._start,
            Restart: self._restart,
            ResumeRun: self._resume_run,
            SendEvent: self._send_event,
            Respond: self._respond,
            Control: self._control,
            RunTo: self._run_to,
            ListPending: self._list_pending,
            Explain: self._explain,
            Quit: self._quit,
            **self._breakpoints.verbs,
            **EditHandlers(self._ready).verbs(),
        }

    def status(self) -> Status:
        """Say where the session stands."""
        debugger = self._debugger
        status = status_of(
            debugger, self._run_file, self._breakpoints.specs(debugger), muted=self._breakpoints.is_muted
        )
        status = status.model_copy(update={"reload": self._reloading.info})
        point = debugger.paused.breakpoint if debugger is not None and debugger.paused is not None else None
        if point is None or status.paused is None:
            return status
        number = self._breakpoints.number_of(point)
        told: dict[str, Any] = {"breakpoint": number}
        if number is None:  # set by nobody here: the debugger's own, where `run_to` is to end
            told["reason"] = "run_to"
        return status.model_copy(update={"paused": status.paused.model_copy(update=told)})

    def log(self, stream: str, text: str) -> bool:
        """Record a line that no step printed.

        Args:
            stream: `stdout` or `stderr`.
            text: The line.

        Returns:
            Whether there is a run to record it in.
        """
        if self._debugger is None or self._debugger.run is None:
            return False
        try:
            self._debugger.log(stream, text)
        except ProcessError:
            return False
        self._changed()
        return True

    async def carry_out(self, command: AnyCommand) -> Any:
        """Carry out a command.

        Args:
            command: What to do.

        Returns:
            The value of the reply.

        Raises:
            Refused: It makes no sense now.
            ProcessError: The process or the run refused it.
        """
        return await self._verbs[type(command)](command)

    async def close(self) -> None:
        """End the run."""
        await self._reloading.stop()
        debugger, self._debugger = self._debugger, None
        await self._end(debugger)

    async def _load(self, command: Load) -> Loaded:
        opened = open_target(command.target, self._cwd)
        process = opened.process
        await self._replace(Debugger(process))
        self._opened = opened
        self._target = command.target
        self._take_kept_breakpoints()
        self._started = None
        self._run_file = ""
        self._reloading.begin(opened, watch=command.watch)
        return self._loaded()

    async def _reload(self, command: Reload) -> None:
        self._ready()
        self._reloading.act(command)

    def _adopt(self, opened: LoadedTarget) -> Loaded:
        """Go on with new code: the run has it, or there is no run that could."""
        self._opened = opened
        debugger = self._debugger
        if debugger is not None and debugger.run is None:
            fresh = Debugger(opened.process)
            fresh.on_change = self._changed
            self._breakpoints.move(debugger, fresh)
            self._debugger = fresh
        return self._loaded()

    async def _start(self, command: Start) -> None:
        self._reloading.take_now()
        if self._opened is None:
            raise CommandError("no_target", "nothing is loaded yet")
        process = self._opened.process
        event = _input_event(process, command.event)
        path = self._new_run_file(process.name)
        options = {
            **self._options(),
            "run_file": path,
            "target": self._target,
            "cwd": str(self._cwd),
            "services": self._opened.services(),
        }
        debugger = Debugger(process, collect_events=False, **options)
        await self._replace(debugger)
        self._run_file = str(path)
        self._started = command
        data = command.data if command.has_data else NO_DATA
        try:
            await debugger.start(event, data, paused=command.paused)
        except BaseException:
            if debugger.run is None:
                self._run_file = ""
            raise

    async def _restart(self, _: Restart) -> None:
        if self._started is None:
            raise CommandError("no_run", "there is no run yet to start again")
        await self._start(self._started)

    async def _resume_run(self, command: ResumeRun) -> Loaded:
        recorded = read_recorded_run(self._cwd / command.run_file)
        path, is_past = recorded.path, command.superstep not in (None, recorded.superstep)
        target, opened = self._target, self._opened
        if opened is None:
            if recorded.target is None:
                raise CommandError("no_target", f"{path} does not say what was run; load the target first")
            target, opened = recorded.open(self._cwd)
        process = opened.process
        if is_past or not recorded.is_at(self._run_file):
            load_point(path, process.graph, command.superstep)  # raises where it cannot be gone on with
        elif not self._run().state.is_ended:
            raise CommandError("run_live", "this run is going on; nothing has to be taken up")
        options = {**self._options(), "services": opened.services()}
        if is_past:
            options |= {"run_file": self._new_run_file(process.name), "target": target}
        debugger = Debugger(process, collect_events=False, **options)
        before = self._debugger if recorded.is_at(self._run_file) else None
        generation = before.generation if before is not None else 1
        await self._replace(debugger)
        if opened is not self._opened:
            self._reloading.begin(opened, watch=False)
        self._opened, self._target = opened, target
        self._take_kept_breakpoints()
        self._started = recorded.began_with or self._started
        self._run_file = str(options.get("run_file", path))
        try:
            await debugger.start(resume_from=path, superstep=command.superstep, paused=command.paused)
        except BaseException:
            if debugger.run is None:
                self._run_file = ""
            raise
        if debugger.generation < generation:
            debugger.note_reload()
        return self._loaded()

    def _loaded(self) -> Loaded:
        assert self._opened is not None
        process = self._opened.process
        return Loaded(
            target=self._target,
            name=process.name,
            nodes=process.graph.nodes,
            edges=process.graph.edges,
            input_events=process.graph.input_events,
            warnings=problem_infos(process.warnings),
        )

    def _has_changed(self) -> None:
        self._tell_changed()
        self._reloading.still()

    async def _replace(self, debugger: Debugger) -> None:
        debugger.on_change = self._changed
        self._breakpoints.move(self._debugger, debugger)
        old, self._debugger = self._debugger, debugger
        await self._end(old)

    def _take_kept_breakpoints(self) -> None:
        assert self._opened is not None
        key = target_key(self._opened.place, self._opened.attribute, self._cwd)
        self._breakpoints.loaded(key, self._ready())

    async def _end(self, debugger: Debugger | None) -> None:
        if debugger is None:
            return
        debugger.on_change = None
        try:
            await asyncio.wait_for(debugger.close(), END_GRACE)
        except TimeoutError:
            self._notice("warning", "a step of the run before did not end when it was cancelled; it may go on unseen")

    async def _respond(self, command: Respond) -> None:
        run = self._run()
        request = next((event for event in run.pending_requests if event.request_id == command.request_id), None)
        response_type = (request.response_type or "") if request is not None else ""
        await parse_answer(run, command.request_id, response_type, command.value)

    async def _send_event(self, command: SendEvent) -> None:
        await self._run().send_event(command.event, command.data if command.has_data else NO_DATA)

    async def _list_pending(self, _: ListPending) -> list[PendingMessage]:
        return [pending_message(item) for item in self._ready().pending()]

    async def _explain(self, command: Explain) -> Explanation:
        self._run()
        return explain_run(self._ready(), command)

    async def _quit(self, _: Quit) -> None:
        await self.close()

    async def _control(self, command: Control) -> None:
        debugger, verb = self._ready(), command.verb
        if verb == "stop":
            self._run().cancel()
        elif verb == "pause":
            self._run()
            debugger.request_pause()
        else:
            if debugger.paused is None:
                raise CommandError("not_paused", f"cannot {verb}: the run is not paused")
            debugger.release("continue" if verb == "resume" else verb)

    async def _run_to(self, command: RunTo) -> None:
        if command.event is None and command.step is None:
            raise CommandError("bad_command", "run to which event or step?")
        self._run()
        self._ready().run_to(event=command.event, step=command.step)

    def _ready(self) -> Debugger:
        if self._debugger is None:
            raise CommandError("no_target", "nothing is loaded yet")
        return self._debugger

    def _run(self) -> Run:
        run = self._ready().run
        if run is None:
            raise CommandError("no_run", "no run has been started yet")
        return run


async def _greeted(command: Hello) -> dict[str, int]:
    if command.version != PROTOCOL_VERSION:
        message = f"this worker speaks version {PROTOCOL_VERSION} of the protocol, the client version {command.version}"
        raise CommandError("version", message)
    return {"version": PROTOCOL_VERSION}


def _input_event(process: Process, event: str | None) -> str:
    known = process.graph.input_events
    if not known:
        raise CommandError(
            "unknown_event", f"process {process.name!r} takes in no outside event: add on_input_event(...)"
        )
    if event is None:
        return known[0]
    if event not in known:
        raise unknown_event(event, process.name, known)
    return event

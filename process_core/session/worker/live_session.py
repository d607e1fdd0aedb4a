"""The state of a session: a loaded process, its debugger with the current run, and the breakpoints."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from process_core.debug import Debugger
from process_core.engine.instrument import RunInstrument
from process_core.engine.run import Run, unknown_event
from process_core.errors import ProcessError
from process_core.events import NO_DATA
from process_core.process import Process
from process_core.resume import Edits, load_point
from process_core.services import Services
from process_core.session.protocol.status import Loaded, Reloaded, Status
from process_core.session.protocol.verbs import Load, ResumeRun, Start
from process_core.session.worker.breakpoint_file import Notify, target_key
from process_core.session.worker.command_errors import CommandError, problem_infos
from process_core.session.worker.hot_reload import HotReload
from process_core.session.worker.recorded_run import read_recorded_run
from process_core.session.worker.session_breakpoints import SessionBreakpoints
from process_core.session.worker.status import status_of
from process_core.session.worker.target import LoadedTarget, open_target

END_GRACE: Final = 2.0
"""Seconds that the steps of an ended run get to end."""


class LiveSession:
    """Holds the target, the debugger and the breakpoints that commands work on.

    Args:
        cwd: The folder that targets are relative to.
        options: Returns further options of the next run.
        new_run_file: Returns the path of the next run's file, from the name of the process.
        changed: Called whenever the status may have changed.
        notice: Shows the user something once: severity and text.
        reloaded: Called when new code is in force.
        breakpoints_file: Where breakpoints are kept from one session to the next; None keeps them nowhere.

    Attributes:
        breakpoints: All of them.
        hot_reload: Loads edits of the target's code.
    """

    def __init__(
        self,
        *,
        cwd: str | Path,
        options: Callable[[], Mapping[str, Any]],
        new_run_file: Callable[[str], Path],
        changed: Callable[[], None],
        notice: Notify,
        reloaded: Callable[[Reloaded], None],
        breakpoints_file: Path | None = None,
    ) -> None:
        self._cwd = Path(cwd).resolve()
        self._options = options
        self._new_run_file = new_run_file
        self._changed = changed
        self._notice = notice
        self._loaded_target: LoadedTarget | None = None
        self._target = ""
        self._debugger: Debugger | None = None
        self._run_file = ""
        self._unrecorded = ""
        self._max_supersteps: int | None = None
        self.breakpoints = SessionBreakpoints(breakpoints_file, notice)
        self.hot_reload = HotReload(
            debugger=lambda: self._debugger, adopt=self._adopt, changed=changed, notice=notice, reloaded=reloaded
        )

    @property
    def debugger(self) -> Debugger:
        """The current debugger.

        Raises:
            CommandError: Nothing is loaded.
        """
        if self._debugger is None:
            raise CommandError("no_target", "nothing is loaded yet")
        return self._debugger

    @property
    def run(self) -> Run:
        """The current run.

        Raises:
            CommandError: There is none.
        """
        run = self.debugger.run
        if run is None:
            raise CommandError("no_run", "no run has been started yet")
        return run

    @property
    def limits(self) -> Mapping[str, str]:
        """The verbs that runs of what is loaded do not have, each with the reason."""
        return self._debugger.process.limits if self._debugger is not None else {}

    def status(self) -> Status:
        """Return the status; show once that a run is no longer recorded, for the file, which is read, cannot say so."""
        status = status_of(self._debugger, self._run_file, self.breakpoints, self.hot_reload.info)
        if status.recording_failed is not None and status.run_id != self._unrecorded:
            self._unrecorded = status.run_id
            self._notice("error", f"no longer recorded, and so no longer shown: {status.recording_failed}")
        return status

    def limit_supersteps(self, supersteps: int) -> None:
        """Allow the current run, and those to come, so many supersteps since the last outside input."""
        self._max_supersteps = supersteps
        debugger = self._debugger
        if debugger is not None and debugger.run is not None:
            debugger.run.record.max_supersteps = supersteps

    def log(self, stream: str, text: str) -> bool:
        """Record a line that no step printed; return whether there is a run to record it in."""
        if self._debugger is None or self._debugger.run is None:
            return False
        try:
            self._debugger.log(stream, text)
        except ProcessError:
            return False
        self._has_changed()
        return True

    def attach_to_run(self, instrument: RunInstrument) -> None:
        """Let an instrument observe the current run before all others, where there is one."""
        run = self._debugger.run if self._debugger is not None else None
        if run is not None:
            run.record.attach(instrument, first=True)

    async def close(self) -> None:
        """End the run."""
        await self.hot_reload.stop()
        debugger, self._debugger = self._debugger, None
        await self._end(debugger)

    async def load(self, command: Load) -> Loaded:
        """Load a target; the run before ends."""
        target = open_target(command.target, self._cwd)
        await self._replace(Debugger(target.process))
        self._loaded_target = target
        self._target = command.target
        self._load_saved_breakpoints()
        self._run_file = ""
        self.hot_reload.begin(target, watch=command.watch)
        return self._loaded()

    async def start(self, command: Start) -> None:
        """Start a run; the run before ends."""
        self.hot_reload.swap_at_once()
        if self._loaded_target is None:
            raise CommandError("no_target", "nothing is loaded yet")
        process = self._loaded_target.process
        event = _input_event(process, command.event)
        path = self._new_run_file(process.name)
        options = {
            **self._options(),
            "max_supersteps": self._max_supersteps or command.max_supersteps,
            "run_file": path,
            "target": self._target,
            "cwd": str(self._cwd),
            "services": self._loaded_target.services(),
        }
        debugger = Debugger(process, collect_events=False, **options)
        await self._replace(debugger)
        self._run_file = str(path)
        data = command.data if command.has_data else NO_DATA
        try:
            await debugger.start(event, data, paused=command.paused)
        except BaseException:
            if debugger.run is None:
                self._run_file = ""
            raise

    async def resume(self, command: ResumeRun) -> Loaded:
        """Resume a recorded run; the run before ends. Where it is refused, nothing has changed."""
        recorded = read_recorded_run(self._cwd / command.run_file)
        path, is_ours = recorded.path, recorded.is_at(self._run_file)
        if is_ours and command.superstep is None and not self.run.state.is_ended:
            raise CommandError("run_live", "this run is going on: there is nothing to resume")
        name, target = self._target, self._loaded_target
        undo: Callable[[], None] | None = None
        if target is None:
            if recorded.target is None:
                raise CommandError("no_target", f"{path} does not say what was run; load the target first")
            name, target = recorded.open(self._cwd, trust=command.trust)
        elif command.fresh and (staged := target.prepare()) is not None:
            target, undo = staged.value, staged.commit()
        process = target.process
        edits = Edits(payloads=command.replace, drop=command.drop)
        try:
            point = load_point(
                path,
                process.graph,
                command.superstep,
                edits=edits,
                reset=command.reset,
                has_ended=is_ours and self._flush_ended(),
            )
            options = {
                **self._options(),
                "max_supersteps": self._max_supersteps or command.max_supersteps,
                "services": target.services(),
                "reset": command.reset,
            }
            process.compiled().check_services(options["services"] or Services())
        except BaseException:
            if undo is not None:
                undo()
            raise
        if point.journal is None:
            options |= {"run_file": self._new_run_file(process.name), "target": name}
        debugger = Debugger(process, collect_events=False, **options)
        generation = self._debugger.generation if is_ours and self._debugger is not None else 1
        await self._replace(debugger)
        if target is not self._loaded_target:
            self.hot_reload.begin(target, watch=self.hot_reload.is_watching)
        self._loaded_target, self._target = target, name
        self._load_saved_breakpoints()
        self._run_file = str(options.get("run_file", path))
        try:
            await debugger.start(resume_from=path, superstep=command.superstep, edits=edits, paused=command.paused)
        except BaseException:
            if debugger.run is None:
                self._run_file = ""
            raise
        if debugger.generation < generation:
            debugger.note_reload()
        return self._loaded()

    def _flush_ended(self) -> bool:
        """Whether the current run has ended; its file then has all of it."""
        run = self.run
        if run.state.is_ended and run.record.file is not None:
            run.record.file.flush(END_GRACE)
        return run.state.is_ended

    def _loaded(self) -> Loaded:
        assert self._loaded_target is not None
        process = self._loaded_target.process
        return Loaded(
            target=self._target,
            name=process.name,
            nodes=process.graph.nodes,
            edges=process.graph.edges,
            input_events=process.graph.input_events,
            warnings=problem_infos(process.warnings),
            limits=dict(process.limits),
        )

    def _adopt(self, target: LoadedTarget) -> Loaded:
        """Switch to new code, which the run has already, or nothing has run yet."""
        self._loaded_target = target
        debugger = self._debugger
        if debugger is not None and debugger.run is None:
            fresh = Debugger(target.process)
            fresh.on_change = self._has_changed
            self.breakpoints.move(debugger, fresh)
            self._debugger = fresh
        return self._loaded()

    def _has_changed(self) -> None:
        self._changed()
        self.hot_reload.run_may_be_still()

    async def _replace(self, debugger: Debugger) -> None:
        debugger.on_change = self._has_changed
        self.breakpoints.move(self._debugger, debugger)
        old, self._debugger = self._debugger, debugger
        await self._end(old)

    def _load_saved_breakpoints(self) -> None:
        assert self._loaded_target is not None
        key = target_key(self._loaded_target.place, self._loaded_target.attribute, self._cwd)
        self.breakpoints.switch_target(key, self.debugger)

    async def _end(self, debugger: Debugger | None) -> None:
        if debugger is None:
            return
        debugger.on_change = None
        try:
            await asyncio.wait_for(debugger.close(), END_GRACE)
        except TimeoutError:
            self._notice("warning", "a step of the previous run did not end when cancelled; it may still be running")


def _input_event(process: Process, event: str | None) -> str:
    inputs = process.graph.input_events
    if not inputs:
        raise CommandError("unknown_event", f"process {process.name!r} has no input event: add on_input_event(...)")
    if event is None:
        return inputs[0]
    if event not in inputs:
        raise unknown_event(event, process.name, inputs)
    return event

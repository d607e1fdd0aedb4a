"""Loads edits of the user's code into the session, puts them in force when the run allows it, and reports on them."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from process_core.debug import Debugger, NewCode
from process_core.reload import StagedModules, StateMigrator
from process_core.reload.watcher import saves
from process_core.resume import StateMismatchError
from process_core.services import Services
from process_core.session.protocol.envelope import bounded
from process_core.session.protocol.status import Loaded, Reloaded, ReloadInfo
from process_core.session.protocol.verbs import Reload
from process_core.session.worker.command_errors import CommandError, failure_of
from process_core.session.worker.guarded_loop import GuardedTask, guarded
from process_core.session.worker.target import LoadedTarget

_TEXT: Final = 20_000


class HotReload:
    """Reloads one session's target.

    Args:
        debugger: Returns the current debugger.
        adopt: Makes the session go on with new code; returns what the target holds then.
        changed: Called when `info` has changed.
        notice: Shows the user something once: severity and text.
        reloaded: Called when new code is in force.

    Attributes:
        info: The state of an edit that is not in force, or None.
    """

    def __init__(
        self,
        *,
        debugger: Callable[[], Debugger | None],
        adopt: Callable[[LoadedTarget], Loaded],
        changed: Callable[[], None],
        notice: Callable[[str, str], None],
        reloaded: Callable[[Reloaded], None],
    ) -> None:
        self.info: ReloadInfo | None = None
        self._debugger = debugger
        self._adopt = adopt
        self._changed = changed
        self._notice = notice
        self._reloaded = reloaded
        self._target: LoadedTarget | None = None
        self._staged: StagedModules[LoadedTarget] | None = None
        self._declined: dict[str, str | None] = {}
        self._resets: frozenset[str] = frozenset()
        self._watching: GuardedTask | None = None

    @property
    def is_watching(self) -> bool:
        """Whether edits are loaded as they are saved."""
        return self._watching is not None

    def begin(self, target: LoadedTarget, *, watch: bool) -> None:
        """Follow a target that was loaded; with `watch`, load edits as they are saved."""
        self._end_watching()
        self._target = target
        self._forget()
        self._declined = {}
        if watch:
            self._watching = guarded(self._watch())

    async def stop(self) -> None:
        """Stop watching the files."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.end()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    def act(self, command: Reload) -> None:
        """Do what the user decided about an edit.

        Raises:
            CommandError: There is no edit to do it to.
        """
        if command.action == "now":
            self._declined = {}
            if not self.look():
                raise CommandError("nothing_to_reload", "nothing has changed on disk since the code was loaded")
            return
        if self._target is None or self.info is None:
            raise CommandError("nothing_to_reload", "no edit is waiting to be loaded")
        if command.action == "reset":
            self._reset(command.step)
        else:
            self._declined = self._target.project.edits()
            self._forget()
            debugger = self._debugger()
            if command.action == "back" and debugger is not None and debugger.paused is not None:
                debugger.release("continue")

    def look(self) -> bool:
        """Load what has changed on disk, and put it in force as soon as possible; whether anything had changed."""
        target = self._target
        if target is None:
            return False
        if self._declined and target.project.edits() == self._declined:
            return True
        self._declined = {}
        try:
            staged = target.prepare()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the old code goes on
            self._fail(error)
            return True
        self._forget()
        if staged is None:
            return False
        self._staged = staged
        self.swap()
        return True

    def swap(self) -> None:
        """Put the loaded code in force now where the run allows it, else at the end of a superstep."""
        staged, debugger = self._staged, self._debugger()
        if staged is None:
            return
        if debugger is None or debugger.run is None or debugger.run.state.is_ended or debugger.is_still:
            self._put(staged, debugger)
        else:
            self.info = ReloadInfo(state="pending", message=f"waiting for the end of a superstep: {_files(staged)}")
            debugger.at_boundary(self._at_boundary)
            self._changed()

    def swap_at_once(self) -> None:
        """Put the loaded code in force, whatever the run does: another one is about to begin."""
        if self._staged is not None:
            self._put(self._staged, None)

    def run_may_be_still(self) -> None:
        """Note that the run may have become still."""
        debugger = self._debugger()
        is_waiting = self._staged is not None and self.info is not None and self.info.state == "pending"
        if is_waiting and debugger is not None and debugger.is_still:
            asyncio.get_running_loop().call_soon(self.swap)

    def _at_boundary(self) -> None:
        if self._staged is not None:
            self._put(self._staged, self._debugger())

    def _put(self, staged: StagedModules[LoadedTarget], debugger: Debugger | None) -> None:
        if debugger is not None:
            debugger.at_boundary(None)
        self._staged = None
        before, target = self._target, staged.value
        assert before is not None
        undo = staged.commit()
        on_old_code: tuple[str, ...] = ()
        held: tuple[str, ...] = ()
        try:
            if debugger is not None and debugger.run is not None and not debugger.run.state.is_ended:
                swapped = debugger.swap_code(self._new_code(staged, before, debugger))
                on_old_code = tuple(swapped.on_old_code)
                held = tuple(str(item) for item in swapped.undeliverable)
        except StateMismatchError as error:
            undo()
            self._staged = staged
            self._choose(error, debugger)
            return
        except BaseException as error:  # noqa: BLE001 - whatever it is, the old code goes on
            undo()
            self._fail(error)
            return
        self._target = target
        self._forget()
        loaded = self._adopt(target)
        generation = debugger.generation if debugger is not None else 1
        self._reloaded(Reloaded(loaded=loaded, generation=generation, on_old_code=on_old_code, held=held))
        self._notice("information", _report(staged, generation, on_old_code, held))
        self._changed()

    def _new_code(self, staged: StagedModules[LoadedTarget], before: LoadedTarget, debugger: Debugger) -> NewCode:
        target = staged.value
        services = debugger.services
        if target.offer is not before.offer:
            services = target.services() or Services()
        migrator = StateMigrator(target.process.graph, staged.replaced)
        return NewCode(target.process, migrator, services, _shown(staged), self._resets)

    def _choose(self, error: StateMismatchError, debugger: Debugger | None) -> None:
        text = "\n".join(f"{path}: {report}" for path, report in error.reports.items())
        self.info = ReloadInfo(
            state="unfit",
            message=bounded(text, _TEXT),
            unfit={path: bounded(report, _TEXT) for path, report in error.reports.items()},
        )
        if debugger is not None and debugger.paused is None and not debugger.is_still:
            debugger.request_pause()
        self._changed()

    def _reset(self, step: str | None) -> None:
        info, staged = self.info, self._staged
        if info is None or info.state != "unfit" or staged is None:
            raise CommandError("nothing_to_reload", "no state has been refused by new code")
        if step is not None and step not in info.unfit:
            raise CommandError(
                "unknown_step", f"the state of {step!r} fits the new code; these do not: {', '.join(info.unfit)}"
            )
        self._resets |= frozenset(info.unfit) if step is None else {step}
        self.swap()

    def _fail(self, error: BaseException) -> None:
        failure = failure_of(error)
        self._staged, self._resets = None, frozenset()
        self.info = ReloadInfo(
            state="failed", message=failure.message, problems=failure.problems, traceback=failure.traceback
        )
        self._changed()

    def _forget(self) -> None:
        if self.info is not None:
            self.info = None
            self._changed()
        self._staged, self._resets = None, frozenset()
        debugger = self._debugger()
        if debugger is not None:
            debugger.at_boundary(None)

    async def _watch(self) -> None:
        try:
            async for _ in saves(self._folders):
                self.look()
        except Exception as error:  # noqa: BLE001 - files that cannot be watched must not end the session
            self._notice("warning", f"files are not watched any more ({error}); :reload loads edits")

    def _folders(self) -> set[Path]:
        assert self._target is not None
        return self._target.project.folders()

    def _end_watching(self) -> None:
        if self._watching is not None:
            self._watching.end()
            self._watching = None


def _shown(staged: StagedModules[LoadedTarget]) -> dict[str, str]:
    root = staged.value.project.root
    return {_relative(Path(file), root): digest[:12] for file, digest in staged.digests.items()}


def _relative(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _files(staged: StagedModules[LoadedTarget]) -> str:
    return ", ".join(_shown(staged)) or "the code"


def _report(
    staged: StagedModules[LoadedTarget], generation: int, on_old_code: tuple[str, ...], held: tuple[str, ...]
) -> str:
    report = f"reloaded {_files(staged)}: generation {generation}"
    if on_old_code:
        report += f"; {', '.join(on_old_code)} finishes on the code it began with"
    if held:
        report += f"; undeliverable in the new code: {', '.join(held)}"
    return report

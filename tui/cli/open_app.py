"""Opens the debug screen on a target, which a worker loads while the UI is imported."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from process_core.session.client.interpreter import find_interpreter
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE
from tui.errors import UsageError

if TYPE_CHECKING:
    from process_core.session.client.session import Session
    from process_core.session.protocol.status import Loaded
    from tui.run_controller import StartOptions

_GRACE: Final = 0.5
"""Seconds for the target to load before the screen opens and shows that it is loading."""


async def open_app(
    target: str | None,
    options: "Callable[[], StartOptions]",
    *,
    cwd: Path,
    watch: bool = True,
    python: str | None = None,
    begin: "Callable[[Session], Coroutine[Any, Any, Loaded]] | None" = None,
    is_foreign: bool = False,
) -> int:
    """Open the debug screen; return the exit code once it is left.

    Args:
        target: What to load; None opens on the choice of samples.
        options: Returns how to start the run; called when the UI has been imported.
        cwd: The folder that the target and its breakpoints are relative to.
        watch: Whether edits of the target's code are loaded as they are saved.
        python: The Python that runs the target, as it was typed; None chooses it.
        begin: Loads the target in a session, where plain loading is not all.
        is_foreign: Whether a run file names a target outside of the project: no Python is looked for beside that.

    Raises:
        UsageError: The target cannot be loaded, or takes no such event; or no Python can run it.
    """
    try:
        interpreter = await find_interpreter(None if is_foreign else target, cwd, python)
    except CommandRefused as refused:
        raise UsageError(str(refused)) from None

    async def open_session() -> "Session":
        session = await WorkerSession.open(cwd=cwd, breakpoints_file=cwd / BREAKPOINTS_FILE, interpreter=interpreter)
        session.watch = watch
        return session

    session: Session | None = None
    loading: asyncio.Task[Loaded] | None = None
    if target is not None:
        session = await open_session()
        loading = asyncio.create_task(begin(session) if begin is not None else session.load(target))
        await asyncio.sleep(0)  # sends the command, so that the worker loads during the imports
    try:
        app_class, run_on_terminal, load_error_text, unknown_event = await asyncio.to_thread(_import_ui)
        start = options()
        if loading is not None:
            done, _ = await asyncio.wait([loading], timeout=_GRACE)
            if done and isinstance(error := loading.exception(), CommandRefused):
                raise UsageError(load_error_text(target, error.failure))
            if done and loading.exception() is None and (unknown := unknown_event(start.event, loading.result())):
                raise UsageError(load_error_text(target, unknown))
        app = app_class(open_session, target, start, session=session, loading=loading)
        try:
            code: int = await run_on_terminal(app)
        finally:
            session = app.session
        if app.refusal is not None:
            raise UsageError(load_error_text(app.target, app.refusal))
        return code
    finally:
        if loading is not None and not loading.done():
            loading.cancel()
        if session is not None:
            await session.close()


def _import_ui() -> tuple[Any, Any, Any, Any]:
    from tui.app import StepscopeApp  # noqa: PLC0415 - the worker starts meanwhile
    from tui.run_controller import unknown_event  # noqa: PLC0415
    from tui.screens.load_error import load_error_text  # noqa: PLC0415
    from tui.terminal import run_on_terminal  # noqa: PLC0415

    return StepscopeApp, run_on_terminal, load_error_text, unknown_event

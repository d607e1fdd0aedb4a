"""The app on a recorded run; it resumes the run where that is asked for."""

from process_core.session.client.session import CommandRefused
from tui.app import OpenSession, StepscopeApp
from tui.messages import ResumeWanted
from tui.recorded.recorded_session import RecordedSession
from tui.recorded.resuming import resume_recorded
from tui.run_controller import RunControl, StartOptions
from tui.screens.debug_screen import DebugScreen
from tui.screens.load_error import LoadErrorScreen
from tui.text.safe_text import safe


class RecordedApp(StepscopeApp):
    """The terminal UI, opened on a recorded run.

    Args:
        open_session: Opens a session with a worker, should the user resume the run.
        recorded: Follows the run file.
        at: The event to look at first.
    """

    def __init__(self, open_session: OpenSession, recorded: RecordedSession, at: int | None = None) -> None:
        super().__init__(
            open_session, str(recorded.info.path), StartOptions(is_begun=True), session=recorded, first_event=at
        )
        self._recorded = recorded

    def on_resume_wanted(self, event: ResumeWanted) -> None:
        """Resume the run."""
        event.stop()
        screen = self.screen
        if isinstance(screen, DebugScreen):
            self.run_worker(self._resume(screen, event), exclusive=True, exit_on_error=False)

    async def _resume(self, screen: DebugScreen, wanted: ResumeWanted) -> None:
        target = wanted.info.target or ""
        screen.presenter.show_waiting(f"RESUMING {safe(target, 60)}")
        session = await self._open_session()
        try:
            await resume_recorded(session, target, wanted.info.path, superstep=wanted.superstep)
        except CommandRefused as refused:
            await session.close()
            self.push_screen(LoadErrorScreen(target, refused.failure, goes_on=False))
            return
        except BaseException:
            await session.close()
            raise
        finally:
            screen.presenter.show_waiting("")
        self.session, self.target = session, target
        await self.switch_screen(DebugScreen(RunControl(session, target, StartOptions(is_begun=True))))
        await self._recorded.close()

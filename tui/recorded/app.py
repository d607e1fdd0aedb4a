"""The app on a recorded run; it goes on with the run where that is asked for."""

from process_core.session.client.session import CommandRefused
from tui.app import OpenSession, StepscopeApp
from tui.recorded.control import RecordedControl
from tui.recorded.messages import ResumeWanted
from tui.recorded.recorded_session import RecordedSession
from tui.recorded.resuming import take_up
from tui.recorded.screen import ReplayScreen
from tui.run_controller import RunControl, StartOptions
from tui.screens.debug_screen import DebugScreen
from tui.screens.load_error import LoadErrorScreen
from tui.text.safe_text import safe


class RecordedApp(StepscopeApp):
    """The terminal UI, opened on a recorded run.

    Args:
        open_session: Opens a session with a worker, should the user go on with the run.
        recorded: Follows the run file.
        at: The event to look at first.
    """

    def __init__(self, open_session: OpenSession, recorded: RecordedSession, at: int | None = None) -> None:
        super().__init__(open_session, str(recorded.info.path), session=recorded)
        self._recorded = recorded
        self._at = at

    async def _debug(self, target: str) -> None:  # noqa: ARG002 - what is shown is the recording
        await self.push_screen(ReplayScreen(RecordedControl(self._recorded), self._at))

    def on_resume_wanted(self, event: ResumeWanted) -> None:
        """Go on with the run."""
        event.stop()
        screen = self.screen
        if isinstance(screen, ReplayScreen):
            self.run_worker(self._take_up(screen, event), exclusive=True, exit_on_error=False)

    async def _take_up(self, screen: ReplayScreen, wanted: ResumeWanted) -> None:
        target = wanted.info.target or ""
        screen.say_waiting(f"TAKING UP {safe(target, 60)}")
        session = await self._open_session()
        try:
            await take_up(session, target, wanted.info.path, superstep=wanted.superstep)
        except CommandRefused as refused:
            await session.close()
            self.push_screen(LoadErrorScreen(target, refused.failure, goes_on=False))
            return
        except BaseException:
            await session.close()
            raise
        finally:
            screen.say_waiting("")
        self.session, self.target = session, target
        await self.switch_screen(DebugScreen(RunControl(session, target, StartOptions(is_begun=True))))
        await self._recorded.close()

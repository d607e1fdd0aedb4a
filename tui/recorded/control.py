"""What the screen asks of a recorded run: to look at it, and nothing else."""

from typing import Any, NoReturn

from process_core.runfile import RunInfo
from process_core.session.protocol.status import Loaded, PendingMessage
from process_core.session.protocol.verbs import Command
from tui.recorded.describe import how_on
from tui.recorded.recorded_session import RecordedSession
from tui.run_controller import RefusedError, RunControl


class RecordedControl(RunControl):
    """Stands where a live session's control stands, and refuses what changes a run.

    Args:
        session: Follows the run file.
    """

    def __init__(self, session: RecordedSession) -> None:
        super().__init__(session, session.info.target or "")
        self._recorded = session
        self.superstep: int | None = None

    @property
    def info(self) -> RunInfo:
        """What the file says of its run."""
        return self._recorded.info

    async def begin(self) -> list[str]:
        """Begin nothing."""
        return []

    async def load(self) -> Loaded:
        """Give what the file holds."""
        assert self._recorded.loaded is not None
        return self._recorded.loaded

    async def restart(self) -> Loaded:
        """Refuse."""
        await self._refuse()

    async def do(self, command: Command) -> Any:  # noqa: ARG002 - every verb is refused
        """Refuse."""
        await self._refuse()

    async def run_to(self, place: str) -> str:  # noqa: ARG002 - every place is refused
        """Refuse."""
        await self._refuse()

    async def send(self, argument: str) -> str:  # noqa: ARG002 - everything is refused
        """Refuse."""
        await self._refuse()

    async def pending(self) -> list[PendingMessage]:
        """Give none."""
        return []

    async def ask(self, command: Command) -> Any:  # noqa: ARG002 - every command is refused
        """Refuse."""
        await self._refuse()

    async def _refuse(self) -> NoReturn:
        raise RefusedError(f"read-only: {how_on(self.info, self.superstep)}")

"""A session on a recorded run: it reports how far the file goes, and refuses every command."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final, Self

from process_core.graph import SourceKind
from process_core.runfile import RunFile, RunFileError, RunInfo
from process_core.session.client.session import CommandRefused, Session
from process_core.session.protocol.envelope import Failure, Notice
from process_core.session.protocol.status import Loaded, Status
from process_core.session.protocol.verbs import Command
from tui.recorded.describe import how_on

_LIVE: Final = 0.1
"""Seconds between two looks at a file that is being written."""
_IDLE: Final = 1.0
"""Seconds between two looks at a file that nobody writes; somebody may resume it."""


class RecordedSession(Session):
    """Follows a run file; nothing of the recorded program is imported or run.

    Args:
        run_file: The file, used on the event loop that the session is made on.

    Attributes:
        info: What the file says of its run.
    """

    def __init__(self, run_file: RunFile) -> None:
        super().__init__()
        self._run_file = run_file
        self._watching: asyncio.Task[None] | None = None
        self.info: RunInfo = run_file.info
        self._take_note(self.info)

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open a recorded run.

        Args:
            path: The run file.

        Returns:
            The session; close it.

        Raises:
            RunFileError: It cannot be read.
        """
        run_file = RunFile(path)
        try:
            session = cls(run_file)
        except BaseException:
            run_file.close()
            raise
        await session._begin_worker()
        return session

    async def request(self, command: Command) -> Any:  # noqa: ARG002 - every command is refused
        """Refuse a command, and say how one goes on.

        Args:
            command: Any.

        Raises:
            CommandRefused: Always.
        """
        raise CommandRefused(Failure(code="recorded", message=f"a recording is read-only: {how_on(self.info)}"))

    async def _begin_worker(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _end_worker(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        self._run_file.close()

    async def _send(self, frame: bytes) -> None:
        """Send nothing: there is nobody."""

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LIVE if self.info.is_live else _IDLE)
            try:
                info = self._run_file.info
            except RunFileError as error:
                self._notify(Notice(severity="error", text=f"the run file cannot be read any more: {error}"))
                return
            if info != self.info:
                self._take_note(info)
                self._notify(self.status)

    def _take_note(self, info: RunInfo) -> None:
        self.info = info
        self.loaded = _loaded(info)
        self.status = Status(
            run_id=info.run_id,
            run_file=str(info.path),
            state=info.state,
            written=info.events,
            generation=info.generation + 1,
        )


def _loaded(info: RunInfo) -> Loaded:
    inputs = (edge.event_id for edge in info.edges if edge.kind is SourceKind.INPUT and not edge.scope)
    return Loaded(
        target=info.target or "",
        name=info.process,
        nodes=info.nodes,
        edges=info.edges,
        input_events=tuple(dict.fromkeys(inputs)),
    )

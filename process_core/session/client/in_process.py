"""A session whose worker lives on the client's own event loop: for tests and snapshots."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Self

from process_core.session.client.session import CommandRefused, Session
from process_core.session.protocol.envelope import Failure, Notice, Reply
from process_core.session.protocol.framing import Decoder
from process_core.session.protocol.status import Reloaded, Status, answer_frame
from process_core.session.worker.server import SessionServer


class InProcessSession(Session):
    """A session with the same protocol and the same JSON as with a worker process, but within this process.

    What steps print is not captured, and a step that hogs the event loop hogs the client's.

    Args:
        server: Makes the worker's side, given where its messages go.
    """

    def __init__(self, server: Callable[[Callable[[Reply | Status | Notice | Reloaded], None]], SessionServer]) -> None:
        super().__init__()
        self._make = server
        self._server: SessionServer | None = None
        self._frames = Decoder()

    @classmethod
    async def open(
        cls,
        *,
        cwd: str | Path = ".",
        runs_dir: str | Path | None = None,
        breakpoints_file: str | Path | None = None,
        clock: Callable[[], float] | None = None,
        run_ids: Callable[[], str] | None = None,
    ) -> Self:
        """Begin a session on the running event loop.

        Args:
            cwd: The folder that targets are relative to.
            runs_dir: Where run files go; None is `.stepscope/runs` under `cwd`.
            breakpoints_file: Where breakpoints are kept from one session to the next; None keeps them nowhere.
            clock: Returns the time of each event, in seconds since the epoch.
            run_ids: Returns the id of each run.

        Returns:
            The session; close it.
        """
        session = cls(
            lambda send: SessionServer(
                send=send, cwd=cwd, runs_dir=runs_dir, breakpoints_file=breakpoints_file, clock=clock, run_ids=run_ids
            )
        )
        await session._begin_worker()
        return session

    async def _begin_worker(self) -> None:
        loop = asyncio.get_running_loop()
        server = self._make(lambda message: self._deliver(loop, server, message))
        self._server = server
        self._frames = Decoder()

    async def _end_worker(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def _send(self, frame: bytes) -> None:
        if self._server is None:
            raise CommandRefused(Failure(code="closed", message="the session was closed"))
        for body in self._frames.feed(frame):
            self._server.receive(body)

    def _deliver(
        self, loop: asyncio.AbstractEventLoop, server: SessionServer, message: Reply | Status | Notice | Reloaded
    ) -> None:
        frame = answer_frame(message)
        loop.call_soon(lambda: self._take(frame) if self._server is server else None)

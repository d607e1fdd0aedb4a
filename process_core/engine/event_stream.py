"""Events of a run on their way to whoever iterates over them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from process_core.events import RunState, WorkflowEvent

_MOST: Final = 1000
"""Events that wait for their reader before the run waits for it too."""


class EventStream:
    """Takes events in as they are recorded and gives them out in order, until the run is idle or over.

    It holds what its reader has taken and not looked at, as many events again, and what the calls emit that run when it
    becomes full: the run then begins no more calls until the reader has come for more.

    Attributes:
        on_full: Called whenever an event comes and the stream is full.
    """

    def __init__(self) -> None:
        self.on_full: Callable[[], None] | None = None
        self._events: list[WorkflowEvent] = []
        self._waiter: asyncio.Future[None] | None = None
        self._held: list[asyncio.Future[None]] = []
        self._is_over = False

    def put(self, event: WorkflowEvent) -> None:
        """Take in an event.

        Args:
            event: The event; a `status` that is not IN_PROGRESS is the last one.
        """
        self._events.append(event)
        if event.state is not None and event.state is not RunState.IN_PROGRESS:
            self._is_over = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if len(self._events) >= _MOST and self.on_full is not None:
            self.on_full()

    @property
    def is_full(self) -> bool:
        """Whether the run has to wait for the reader."""
        return len(self._events) >= _MOST and not self._is_over

    async def has_room(self) -> None:
        """Wait until the reader has come for more, or has left."""
        while self.is_full:
            waiter = asyncio.get_running_loop().create_future()
            self._held.append(waiter)
            await waiter

    def close(self) -> None:
        """Note that nobody reads any more, so nobody waits."""
        self._is_over = True
        self.on_full = None
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for waiter in held:
            if not waiter.done():
                waiter.set_result(None)

    async def __aiter__(self) -> AsyncIterator[WorkflowEvent]:
        while True:
            # Events are taken by the batch, so that a run of a thousand hops wakes its reader a few times only.
            batch, self._events = self._events, []
            self._release()
            for event in batch:
                yield event
            if not self._events:
                if self._is_over:
                    return
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter

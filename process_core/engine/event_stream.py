"""Events of a run on their way to whoever iterates over them."""

import asyncio
from collections.abc import AsyncIterator

from process_core.events import RunState, WorkflowEvent


class EventStream:
    """Takes events in as they are recorded and gives them out in order, until the run is idle or over."""

    def __init__(self) -> None:
        self._events: list[WorkflowEvent] = []
        self._waiter: asyncio.Future[None] | None = None
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

    async def __aiter__(self) -> AsyncIterator[WorkflowEvent]:
        while True:
            # Events are taken by the batch, so that a run of a thousand hops wakes its reader a few times only.
            batch, self._events = self._events, []
            for event in batch:
                yield event
            if not self._events:
                if self._is_over:
                    return
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter

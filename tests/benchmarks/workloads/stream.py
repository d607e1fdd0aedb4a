"""The loop with its full event stream consumed, beside a router that makes four event objects per hop."""

from measuring import Timed
from routers import ObservedRouter
from workloads.loop import QUICK, ROUTER_ROUTES, ROUTER_STEPS, SIZE, loop_builder

from process_core import RunState

__all__ = ["QUICK", "SIZE", "SUBJECTS"]


def router(size):
    async def once():
        seen = 0
        async for event in ObservedRouter(ROUTER_STEPS, ROUTER_ROUTES).stream("Ping", size):
            seen = event.seq
        assert seen == 4 * (size + 1)

    return Timed(once, size + 1)


def engine(size):
    process = loop_builder().build()

    async def once():
        event = None
        async for event in process.run_stream("Start", size, max_supersteps=size + 2):  # noqa: B007 - the last is looked at
            pass
        assert event is not None
        assert event.seq >= 5 * (size + 1)
        assert event.state is RunState.STOPPED

    return Timed(once, size + 1)


SUBJECTS = {"router": router, "engine": engine}

"""Waiting for a session, woken by each of its updates."""

import asyncio

PATIENCE = 40.0


async def until(session, holds, seconds=PATIENCE):
    """Wait until something holds of the status, which is returned."""
    woken = asyncio.Event()
    unsubscribe = session.subscribe(lambda _: woken.set())
    try:
        async with asyncio.timeout(seconds):
            while not holds(session.status):
                woken.clear()
                await woken.wait()
    finally:
        unsubscribe()
    return session.status

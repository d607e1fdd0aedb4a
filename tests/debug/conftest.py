"""Lets these tests draw processes as the model tests do, and ends every debugger that a test began."""

import asyncio
import sys
from pathlib import Path

import pytest

from process_core.debug import Debugger
from process_core.events import NO_DATA

sys.path.append(str(Path(__file__).parent.parent / "model"))

PATIENCE = 30.0


@pytest.fixture
async def debug():
    opened = []

    async def start(builder, *breakpoints, event="go", data=0, paused=False, **options):
        debugger = Debugger(builder.build(), **options)
        for given in breakpoints:
            debugger.add_breakpoint(**given)
        opened.append(debugger)
        await debugger.start(event, NO_DATA if data is NO_DATA else data, paused=paused)
        return debugger

    yield start
    for debugger in opened:
        await asyncio.wait_for(debugger.close(), PATIENCE)

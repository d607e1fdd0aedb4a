"""The queue panel where nothing is pending."""

import pytest
from driving import screen_text
from textual.app import App

from process_core.debug.debug_state import PausePoint
from process_core.events import RunState
from process_core.session.protocol.status import Status
from tui.moment import Moment
from tui.queue.panel import QueuePanel

PAUSED = Status(state=RunState.IN_PROGRESS, paused=PausePoint("pause"))


class QueueApp(App[None]):
    def compose(self):
        yield QueuePanel()


@pytest.mark.parametrize(
    ("moment", "can_inject"),
    [
        (Moment(status=PAUSED), True),
        (Moment(status=Status(state=RunState.IDLE)), True),
        (Moment(status=PAUSED, is_past=True), False),
        (Moment(status=Status(state=RunState.STOPPED)), False),
        (Moment(status=PAUSED, has_died=True), False),
    ],
    ids=["paused", "idle", "in the past", "over", "the worker died"],
)
async def test_an_empty_queue_offers_to_inject_only_where_that_can_be_done(moment, can_inject):
    app = QueueApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.query_one(QueuePanel).show(moment)
        await pilot.pause()
        text = screen_text(app)
    assert (":inject" in text) is can_inject
    assert "nothing was pending" in text if moment.is_past else "nothing is pending" in text

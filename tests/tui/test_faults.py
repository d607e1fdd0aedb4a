"""A fault of stepscope itself ends neither the screen nor the run: it is shown once, with a report in a file."""

import asyncio
from pathlib import Path

from driving import SAMPLES

from tui.actions import Panel
from tui.faults import MOST_REPORTS, Faults, report_text
from tui.timeline.view import TimelineView

HAS_FAULTS = True


class BrokenError(Exception):
    pass


def breaks(*_, **__):
    password = "hunter2"
    raise BrokenError(f"injected {len(password)}")


def reports(folder: Path) -> list[str]:
    return [path.read_text() for path in (folder / ".stepscope" / "faults").glob("*.txt")]


async def goes_on(d) -> None:
    """Assert that keys are obeyed and the run can be driven to its next question."""
    await d.command("panel timeline")
    before = d.status.written
    await d.answer("go on")
    await d.until(lambda: d.status.written > before)
    await d.settle()
    assert d.app.is_running


async def test_a_panel_that_cannot_be_drawn_shows_a_line_and_the_others_go_on(debug, monkeypatch):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        for number, panel in enumerate(Panel, 1):
            await d.command(f"panel {panel.name.lower()}")
            view = d.screen.parts.views[panel]
            monkeypatch.setattr(view, "render_line", breaks)
            for _ in range(3):
                view.refresh()
                await d.pilot.pause()
                assert "✗ a fault of stepscope in" in d.text
            assert len(d.app.faults.seen) == number
            monkeypatch.undo()
            view.refresh()
            d.screen.keys_line.hush()
            await d.pilot.pause()
            assert "✗ a fault" not in d.text
        await goes_on(d)


async def test_a_panel_that_cannot_be_brought_up_to_date_says_so_until_it_can(debug, monkeypatch, tmp_path):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        for number, panel in enumerate(Panel, 1):
            await d.command(f"panel {panel.name.lower()}")
            view, parts = d.screen.parts.views[panel], d.screen.parts
            shows, name = (parts.graph, "set_overlay") if panel is Panel.GRAPH else (parts.panels[panel], "show")
            monkeypatch.setattr(shows, name, breaks)
            for _ in range(3):
                d.screen.presenter.refresh()
            await d.until(f"✗ a fault of stepscope in the {panel.heading.lower()} panel")
            assert len(d.app.faults.seen) == len(reports(tmp_path)) == number
            if number == 1:
                await goes_on(d)
            monkeypatch.undo()
            d.screen.presenter.refresh()
            assert not view.fault
        for report in reports(tmp_path):
            assert "BrokenError: injected 7" in report
            assert "hunter2" not in report.replace('password = "hunter2"', "")


async def test_a_key_whose_handler_fails_says_so_each_time_and_reports_once(debug, monkeypatch, tmp_path):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        await d.press("escape")
        monkeypatch.setitem(d.screen.dispatcher.handlers, "help", breaks)
        for _ in range(2):
            d.screen.keys_line.hush()
            await d.press("question_mark")
            await d.until("a fault of stepscope in “")
        assert len(reports(tmp_path)) == 1
        await goes_on(d)


async def test_a_message_that_the_screen_fails_at_is_noted_and_the_next_ones_are_heard(debug, monkeypatch):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        d.screen.call_later(breaks)
        await d.until(lambda: len(d.app.faults.seen) == 1)
        monkeypatch.setattr(d.screen.presenter, "refresh", lambda: {}["missing"])
        d.screen.call_later(d.screen.pull)
        await d.until(lambda: len(d.app.faults.seen) == 2)
        monkeypatch.undo()
        await goes_on(d)


async def test_a_timer_a_worker_and_a_widget_that_fail_end_nothing(debug, tmp_path):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        d.screen.set_timer(0.001, breaks)
        await d.until(lambda: len(d.app.faults.seen) == 1)

        async def work():
            breaks()

        d.screen.parts.later(work, "tests")
        await d.until(lambda: len(d.app.faults.seen) == 2)
        d.screen.timeline.post_message(TimelineView.EventSelected(None, automatic=False))
        await d.until(lambda: len(d.app.faults.seen) == 3)
        await goes_on(d)
        assert len(reports(tmp_path)) == 3


async def test_a_page_of_textual_that_fails_is_closed(debug):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        await d.press("ctrl+p")
        d.app.screen.call_later(breaks)
        while len(d.app.screen_stack) > 2:
            await asyncio.sleep(0.01)
        assert len(d.app.faults.seen) == 1
        await goes_on(d)


def test_what_is_noted_twice_is_written_once_and_files_are_few(tmp_path):
    faults = Faults(tmp_path / ".stepscope" / "faults")
    try:
        breaks()
    except BrokenError as raised:
        error = raised
    lines = {faults.note("the test", error) for _ in range(3)}
    assert {fault.is_new for fault in lines} == {True, False}
    assert len({fault.line for fault in lines}) == 1
    for number in range(2 * MOST_REPORTS):
        faults.note(f"place {number}", error)
    assert len(reports(tmp_path)) == MOST_REPORTS
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / ".stepscope" / "faults").iterdir()} == {0o600}


def test_where_no_report_can_be_written_the_line_says_what_is_known(tmp_path):
    (tmp_path / ".stepscope").symlink_to(tmp_path)
    line = Faults(tmp_path / ".stepscope" / "faults").note("the test", BrokenError("\x1b[2J" + "x" * 5000)).line
    assert line.startswith("a fault of stepscope in the test (BrokenError: ␛[2J")
    assert len(line) < 500
    assert not (tmp_path / "faults").exists()


def test_a_report_names_versions_and_holds_no_long_payload():
    text = report_text("a panel", ValueError("p" * 100_000))
    assert "textual" in text
    assert "Python" in text
    assert len(text) < 10_000


def test_an_exception_that_has_no_text_is_noted_all_the_same(tmp_path):
    class MuteError(Exception):
        def __str__(self):
            raise SystemExit

    assert "MuteError" in Faults(tmp_path).note("x", MuteError()).line

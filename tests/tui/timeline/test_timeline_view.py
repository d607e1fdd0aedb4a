"""The timeline on the screen."""

import unicodedata
from contextlib import asynccontextmanager
from functools import partial

import pytest
from timeline_fakes import FakeRow, FakeSource, loop_row, rows_source, story
from timeline_runs import TimelineApp, has_cursor, line_of, screen_lines, screen_text, until, write_run

from process_core.runfile import RunFileError


@asynccontextmanager
async def showing(source, written=None, size=(100, 24)):
    app = TimelineApp()
    async with app.run_test(size=size) as pilot:
        app.view.focus()
        app.view.set_source(source)
        app.view.poll(source.count_rows if written is None else written)
        await pilot.pause()
        yield app, app.view, pilot


@asynccontextmanager
async def showing_file(tmp_path, rows, written=None, size=(100, 24)):
    with write_run(tmp_path / "x.run", rows) as run_file:
        app = TimelineApp()
        async with app.run_test(size=size) as pilot:
            app.view.focus()
            app.view.set_source(run_file)
            app.view.poll(len(rows) if written is None else written)
            await pilot.pause()
            yield app, app.view, pilot


def note(sizes, size):
    sizes.append(size)


def loop(count):
    return [loop_row(seq) for seq in range(1, count + 1)]


# What is seen


async def test_the_story_reads_from_top_to_bottom():
    async with showing(rows_source(story()), size=(80, 40)) as (app, _, _):
        text = screen_text(app)
    for words in (
        "seq        ms  ss step",
        "◇ start  startProcess",
        "── superstep 1 ───",
        "✓ done   introduce  Hello!",
        "? ask    You",
        "↵ answer hello",
        "→ emit   UserInputReceived  hello",
        "✗ FAIL   charge  ValueError: card declined",
        "▲ warn   discarded_emissions: 2 events",
        "◆ status FAILED",
    ):
        assert words in text


async def test_a_half_filled_join_says_what_it_has_and_what_it_misses():
    details = {"code": "input_waiting", "arrived": ["left"], "missing": ["right", "top"]}
    row = FakeRow(1, "input_waiting", 1000.0, path="Join", step="Join", function="both", details=details)
    async with showing(rows_source([row]), size=(80, 10)) as (app, _, _):
        assert "⋯ wait   both  has left; misses right, top" in screen_text(app)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 180])
async def test_every_width_shows_the_last_event(width):
    async with showing(rows_source(story()), size=(width, 10)) as (app, _, _):
        assert "generation" in screen_lines(app)[-1]


async def test_nothing_to_show_shows_the_titles_alone():
    async with showing(rows_source(story()), written=0) as (app, view, pilot):
        assert screen_lines(app)[0].split() == ["seq", "ms", "ss", "step", "event"]
        assert not any(screen_lines(app)[1:])
        for key in ("up", "down", "home", "end", "pageup", "enter", "left", "right", "backspace"):
            await pilot.press(key)
        assert view.selected is None


async def test_time_counts_from_the_start_of_the_run():
    async with showing(rows_source(story())) as (app, _view, pilot):
        await pilot.press("home")
        await pilot.pause()
        assert " 0.0 " in line_of(app, 1)
        assert " 13.7 " in line_of(app, 2)


async def test_the_run_s_pause_and_breakpoints_are_marked():
    async with showing(rows_source(story()), size=(100, 40)) as (app, view, pilot):
        view.set_marks(14, ["AssistantResponseGenerated"])
        await pilot.pause()
        assert line_of(app, 14).startswith("▶")
        assert line_of(app, 24).startswith("●")
        assert line_of(app, 23).startswith(" ")


async def test_the_chain_of_causes_and_the_effects_of_the_selected_event_are_marked():
    async with showing(rows_source(story()), size=(100, 40)) as (app, view, pilot):
        view.select(22)
        await pilot.pause()
        assert [seq for seq in range(1, 36) if line_of(app, seq)[1] == "↑"] == [1, 4, 6, 9, 10, 12, 14]
        assert [seq for seq in range(1, 36) if line_of(app, seq)[1] == "↓"] == [23, 24, 25, 31]
        assert line_of(app, 22)[1] == "❯"


# Following


async def test_the_tail_is_followed_until_the_user_moves_away():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (app, view, pilot):
        view.poll(200)
        await until(pilot, lambda: has_cursor(app, 200))
        await pilot.press("up")
        await until(pilot, lambda: not view.follow)
        view.poll(300)
        await until(pilot, lambda: "+100 new ↓" in screen_lines(app)[0])
        assert has_cursor(app, 199)


async def test_a_scrollbar_that_appears_while_the_tail_is_followed_stands_at_the_tail():
    async with showing(FakeSource(loop_row, 1000), written=3) as (_app, view, pilot):
        view.poll(300)
        await until(pilot, lambda: view.show_vertical_scrollbar and view.scroll_y == view.max_scroll_y > 0)
        await until(pilot, lambda: view.vertical_scrollbar.position == view.scroll_y)


async def test_the_end_key_follows_again():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (app, view, pilot):
        await pilot.press("home")
        view.poll(300)
        await pilot.press("end")
        await pilot.pause()
        assert view.follow
        assert "new" not in screen_lines(app)[0]
        view.poll(400)
        await pilot.pause()
        assert line_of(app, 400)


async def test_a_click_on_the_badge_follows_again():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (app, view, pilot):
        await pilot.press("home")
        view.poll(300)
        await pilot.pause()
        await pilot.click(view, offset=(95, 0))
        await pilot.pause()
        assert view.follow
        assert line_of(app, 300)


async def test_the_wheel_leaves_the_tail_and_finds_it_again():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (_app, view, pilot):
        view.scroll_to(y=20, animate=False)
        await pilot.pause()
        assert not view.follow
        view.scroll_to(y=10_000, animate=False)
        await pilot.pause()
        assert view.follow


async def test_a_run_that_is_shown_in_the_middle_does_not_move_when_rows_come():
    async with showing(FakeSource(loop_row, 10_000), written=1000) as (app, view, pilot):
        view.select(500)
        await pilot.pause()
        before = [line[:98].rstrip() for line in screen_lines(app)[1:]]
        view.poll(5000)
        await pilot.pause()
        assert [line[:98].rstrip() for line in screen_lines(app)[1:]] == before


async def test_while_paused_the_cursor_stays_on_the_event_and_the_tail_is_seen():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (app, view, pilot):
        view.set_marks(96)
        view.select(96, keep_follow=True)
        view.poll(102)
        await pilot.pause()
        assert view.selected.seq == 96
        assert line_of(app, 102)


async def test_a_poll_without_news_does_nothing():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (_, view, pilot):
        sizes = []
        view.watch(view, "virtual_size", partial(note, sizes), init=False)
        for _ in range(5):
            view.poll(100)
        await pilot.pause()
        assert not sizes


async def test_a_poll_sets_the_size_once():
    async with showing(FakeSource(loop_row, 10_000), written=100) as (_, view, pilot):
        sizes = []
        view.watch(view, "virtual_size", partial(note, sizes), init=False)
        view.poll(5000)
        await pilot.pause()
        assert len(sizes) == 1


async def test_another_run_starts_from_scratch():
    async with showing(FakeSource(loop_row, 10_000), written=1000) as (app, view, pilot):
        await pilot.press("home")
        view.set_source(rows_source(story()))
        view.poll(35)
        await pilot.pause()
        assert view.follow
        assert view.selected.seq == 35
        view.set_source(None)
        await pilot.pause()
        assert view.selected is None
        assert "generation" not in screen_text(app)


# Moving


@pytest.mark.parametrize(
    ("keys", "seq"),
    [
        (["up"], 99),
        (["k", "k"], 98),
        (["up", "up", "down"], 99),
        (["k", "k", "j"], 99),
        (["home"], 1),
        (["g", "down"], 2),
        (["home", "pagedown"], 23),
        (["pageup"], 78),
        (["home", "end"], 100),
        (["home", "G"], 100),
        (["home", "up"], 1),
        (["end", "down"], 100),
    ],
)
async def test_keys_move_the_cursor(keys, seq):
    async with showing(FakeSource(loop_row, 100)) as (app, view, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        assert view.selected.seq == seq
        assert line_of(app, seq)[1] == "❯"


async def test_the_mouse_selects_and_a_second_click_opens():
    async with showing(rows_source(story()), size=(100, 40)) as (app, view, pilot):
        await pilot.click(view, offset=(30, 14))
        await pilot.pause()
        assert view.selected.seq == 14
        await pilot.click(view, offset=(30, 14), times=2)
        await pilot.pause()
        assert ("activated", 14, False) in app.told


async def test_enter_opens_the_selected_event():
    async with showing(rows_source(story())) as (app, view, pilot):
        view.select(22)
        await pilot.press("enter")
        assert app.told[-1] == ("activated", 22, False)


async def test_what_the_user_selects_is_distinguished_from_what_following_selects():
    async with showing(FakeSource(loop_row, 100), written=50) as (app, _view, pilot):
        assert app.told == [("selected", 50, True)]
        await pilot.press("up")
        await pilot.pause()
        assert app.told[-1] == ("selected", 49, False)


async def test_a_burst_of_rows_shows_the_last_one_only():
    async with showing(FakeSource(loop_row, 1000), written=10) as (app, view, pilot):
        app.told.clear()
        for written in range(11, 100):
            view.poll(written)
        await pilot.pause()
        assert len(app.told) < 20
        assert app.told[-1] == ("selected", 99, True)


async def test_cause_effect_and_back_jump_along_the_run():
    async with showing(rows_source(story())) as (_, view, pilot):
        view.select(24)
        await pilot.press("left")
        assert view.selected.seq == 22
        await pilot.press("h")
        assert view.selected.seq == 14
        await pilot.press("right")
        assert view.selected.seq == 17
        await pilot.press("backspace", "backspace", "backspace")
        assert view.selected.seq == 24


async def test_an_event_from_outside_says_so_when_its_cause_is_asked_for():
    async with showing(rows_source(story())) as (app, view, pilot):
        view.select(1)
        view.cause()
        await pilot.pause()
        assert "this event came from outside" in screen_lines(app)[-1]
        await pilot.press("down")
        await pilot.pause()
        assert "outside" not in screen_text(app)


async def test_an_event_without_effect_says_so():
    async with showing(rows_source(story())) as (app, view, pilot):
        view.select(35)
        view.effect()
        await pilot.pause()
        assert "led to nothing so far" in screen_lines(app)[-1]


async def test_an_event_that_is_not_there_cannot_be_selected():
    async with showing(rows_source(story())) as (_, view, _):
        assert not view.select(0)
        assert not view.select(36)
        assert view.selected.seq == 35


async def test_resizing_keeps_the_cursor_in_sight():
    async with showing(FakeSource(loop_row, 1000)) as (app, view, pilot):
        view.select(500)
        await pilot.resize_terminal(60, 8)
        await pilot.pause()
        assert line_of(app, 500)[1] == "❯"


async def test_the_theme_can_change_while_rows_are_shown():
    async with showing(rows_source(story())) as (app, view, pilot):

        def emitted():
            strips = app.screen._compositor.render_strips()
            return [s.style.color.name for strip in strips for s in strip if s.text == "AssistantResponseGenerated"]

        view.select(24)
        await pilot.pause()
        dark = emitted()
        app.theme = "textual-light"
        await pilot.pause()
        assert dark
        assert emitted() != dark


# Filtering


async def test_how_many_are_hidden_is_always_reported(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        assert view.set_filter("type:emit") is None
        await pilot.pause()
        assert view.hidden == 60
        assert "60 hidden · 20 shown" in screen_lines(app)[-1]
        assert all("→" in line for line in screen_lines(app)[1:-1] if line)


async def test_rows_that_come_are_filtered_too(tmp_path):
    async with showing_file(tmp_path, loop(160), written=80) as (app, view, pilot):
        view.set_filter("event:Replied")
        view.poll(160)
        await pilot.pause()
        assert "140 hidden · 20 shown" in screen_lines(app)[-1]
        assert view.selected.seq == 159


async def test_a_filter_knows_nothing_of_rows_the_screen_has_not_heard_of(tmp_path):
    async with showing_file(tmp_path, loop(160), written=80) as (app, view, pilot):
        view.set_filter("event:Replied")
        await pilot.pause()
        assert "70 hidden · 10 shown" in screen_lines(app)[-1]


async def test_an_empty_filter_shows_everything_again(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        view.set_filter("type:log")
        view.set_filter("  ")
        await pilot.pause()
        assert view.hidden == 0
        assert "hidden" not in screen_text(app)
        assert line_of(app, 80)


async def test_a_filter_without_hits_says_what_it_hides(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        view.set_filter("nothing-like-this")
        await pilot.pause()
        assert "80 hidden · 0 shown" in screen_lines(app)[-1]
        await pilot.press("down", "up", "home", "end", "pagedown")
        view.set_filter("")
        await pilot.pause()
        assert view.selected is not None


async def test_a_filter_that_means_nothing_changes_nothing(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        view.set_filter("type:log")
        assert "did you mean event:x" in view.set_filter("evnt:x")
        await pilot.pause()
        assert "70 hidden" in screen_lines(app)[-1]


async def test_the_cursor_stays_on_its_event_while_the_filter_changes(tmp_path):
    async with showing_file(tmp_path, loop(400)) as (app, view, pilot):
        view.select(204)
        view.set_filter("event:UserInputReceived")
        await pilot.pause()
        assert view.selected.seq == 204
        assert line_of(app, 204)[1] == "❯"


async def test_a_hidden_event_is_stood_in_for_and_comes_back(tmp_path):
    async with showing_file(tmp_path, loop(400)) as (app, view, pilot):
        view.select(206)
        view.set_filter("event:UserInputReceived")
        await pilot.pause()
        assert view.selected.seq == 204
        view.set_filter("")
        await pilot.pause()
        assert view.selected.seq == 206
        assert line_of(app, 206)[1] == "❯"


async def test_a_jump_to_a_hidden_event_shows_that_one(tmp_path):
    async with showing_file(tmp_path, loop(400)) as (app, view, pilot):
        view.set_filter("event:UserInputReceived")
        view.select(204)
        view.cause()
        await pilot.pause()
        assert view.selected.seq == 202
        assert line_of(app, 202)[1] == "❯"
        assert "349 hidden · 51 shown" in screen_lines(app)[-1]


async def test_new_rows_are_counted_as_the_filter_leaves_them(tmp_path):
    async with showing_file(tmp_path, loop(400), written=200) as (app, view, pilot):
        view.set_filter("event:UserInputReceived")
        await pilot.press("home")
        view.poll(400)
        await pilot.pause()
        assert "+25 new" in screen_lines(app)[0]


async def test_the_filter_stays_for_the_next_run(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        view.set_filter("type:log")
        with write_run(tmp_path / "second.run", loop(160)) as second:
            view.set_source(second)
            view.poll(160)
            await pilot.pause()
            assert "140 hidden · 20 shown" in screen_lines(app)[-1]


# Searching


async def test_a_search_goes_from_hit_to_hit_and_round_the_end(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (_app, view, pilot):
        await pilot.press("home")
        assert view.next_match('"asking for the 1"') is None
        found = [view.selected.seq]
        for backwards in (False, False, True, True):
            view.next_match(backwards=backwards)
            found.append(view.selected.seq)
        assert found == [11, 19, 11, 19, 11]


async def test_what_was_found_is_marked_in_the_rows(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        view.next_match("Reply")
        await pilot.pause()
        marked = [
            segment.text
            for strip in app.screen._compositor.render_strips()[1:-1]
            for segment in strip
            if segment.style is not None and segment.style.bgcolor == view.painter.style("match").bgcolor
        ]
        assert set(marked) == {"reply"}


async def test_a_search_for_what_is_not_there_says_so(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (app, view, pilot):
        view.next_match("zebra")
        await pilot.pause()
        assert "zebra is in no row shown" in screen_lines(app)[-1]
        assert view.selected.seq == 80
        view.clear_search()
        await pilot.pause()
        assert "zebra" not in screen_text(app)


async def test_a_search_keeps_to_the_rows_that_are_shown(tmp_path):
    async with showing_file(tmp_path, loop(80)) as (_app, view, pilot):
        view.set_filter("event:Replied")
        await pilot.press("home")
        view.next_match("User")
        await pilot.pause()
        assert view._window.index_of(view.selected.seq) is not None
        assert view.selected.event_id == "Replied"


# What goes wrong


async def test_a_file_that_cannot_be_read_is_reported_and_the_screen_lives(tmp_path):
    class Broken(FakeSource):
        def page(self, start_index, limit):
            raise RunFileError(tmp_path / "x.run", "the disk reports an error")

    async with showing(Broken(loop_row, 100), size=(100, 10)) as (app, view, pilot):
        view.poll(101)
        await pilot.pause()
        assert "cannot be read" in screen_text(app)
        await pilot.press("up", "down", "home", "left", "right")
        assert app.is_running


async def test_a_million_rows_are_not_read_to_show_the_last_ones():
    source = FakeSource(loop_row, 1_000_000)
    async with showing(source) as (app, view, pilot):
        await pilot.press("home", "pagedown", "end", "up")
        view.select(500_000)
        await pilot.pause()
        assert sum(limit for _, limit in source.pages_read) < 5000
        assert line_of(app, 500_000)


async def test_hostile_rows_are_shown_as_what_they_are():
    hostile = "\x1b[2J\x1b]52;c;QQ==\x07[/x][@click=app.quit]here[/]\u202e\u200b\r\n漢字"
    rows = [
        FakeRow(seq, kind, 1000.0 + seq, 1, hostile, hostile, hostile, hostile, preview=hostile)
        for seq, kind in enumerate(HOSTILE_TYPES, 1)
    ]
    async with showing(rows_source(rows), size=(160, 12)) as (app, view, pilot):
        await pilot.press("up", "left", "right", "enter")
        await pilot.click(view, offset=(70, 3))
        await pilot.pause()
        text = screen_text(app)
        assert app.is_running
        assert "␛[2J" in text
        assert "[@click=app.quit]here" in text
        assert not [char for char in text if unicodedata.category(char) in {"Cc", "Cf"} and char != "\n"]


HOSTILE_TYPES = ("event_emitted", "executor_failed", "superstep_started", "\x1b[31mtype[/x]", "log", "status")

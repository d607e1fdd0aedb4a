"""Breakpoints as the user of the screen sets, edits and mutes them."""

from editing_targets import JOIN
from targets import CHAT, FAILS, HOSTILE


async def test_what_b_puts_on_the_line_is_what_break_takes(debug, process_file):
    text = 'Response.respond after hits >=2 once if data != " once " log said {data}'
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        await d.command("break Response")
        await d.until(lambda: d.status.breakpoints)
        await d.press("5", "B")
        await d.until(lambda: d.screen.line.is_open)
        assert d.screen.line._box.value == "change 1 Response"
        d.screen.line._box.value = f"change 1 {text}"
        await d.press("enter")
        await d.until("breakpoint 1 is now")
        await d.press("B")
        await d.until(lambda: d.screen.line.is_open)
        assert d.screen.line._box.value == f"change 1 {text}"


async def test_conditions_hit_counts_and_logs_are_given_and_taken_away(debug, process_file):
    async with debug(process_file(CHAT), paused=True, breakpoints=("Exit",)) as d:
        await d.until("PAUSED")

        def spec():
            return d.status.breakpoints[0]

        await d.command("cond 1 data == 'exit'")
        await d.until(lambda: spec().condition == "data == 'exit'")
        await d.command("hits 1 %2")
        await d.until(lambda: spec().hits == "%2")
        await d.command("log 1 bye {data}")
        await d.until(lambda: spec().log == "bye {data}")
        await d.command("once 1")
        await d.until(lambda: spec().once)
        await d.command("disable 1")
        await d.until(lambda: not spec().enabled)
        for verb in ("cond", "hits", "log"):
            await d.command(f"{verb} 1")
        await d.until(lambda: (spec().condition, spec().hits, spec().log) == (None, None, None))
        assert not spec().enabled


async def test_a_wrong_condition_is_reported_with_its_column_and_stays_on_the_line(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        await d.command("break Exit if data >")
        await d.until("column")
        assert d.screen.line._box.value == "break Exit if data >"
        assert not d.status.breakpoints


async def test_muted_breakpoints_stop_nothing_and_the_mode_line_says_so(debug, process_file):
    async with debug(process_file(CHAT), paused=True, breakpoints=("introduce.OnResult",)) as d:
        await d.until("PAUSED")
        await d.press("5", "M")
        await d.until("MUTED")
        await d.until("⊘  1 muted · introduce.OnResult")
        await d.press("c")
        await d.until("WAITING FOR YOU")
        assert d.status.breakpoints[0].enabled


async def test_a_breakpoint_on_errors_stops_where_a_step_fails(debug, process_file):
    async with debug(process_file(FAILS), breakpoints=("error ValueError",)) as d:
        await d.until("PAUSED")
        await d.until("breakpoint 1")


async def test_one_that_can_never_match_is_marked_otherwise_than_one_that_is_off(debug, process_file):
    async with debug(process_file(CHAT), paused=True, breakpoints=("Exti", "Exit")) as d:
        await d.until("PAUSED")
        await d.command("disable 2")
        await d.press("5")
        await d.until("◌  1 no route carries 'Exti'")
        await d.until("○  2 off · Exit")


async def test_arguments_are_completed_from_what_there_is(debug, process_file):
    async with debug(process_file(JOIN), paused=True, breakpoints=("First if data",)) as d:
        await d.until("PAUSED")
        for line, offered in (
            ("cond ", ("1", "First if data")),
            ("cond 1 ", ("data", "as it is now")),
            ("break Sink.", ("Sink.take", "function")),
            ("break First ", ("hits ==", "at the Nth time")),
            ("drop ", (str(d.status.paused.message.id), "Go → Source (next)")),
            ("why Jo", ("Join.both", "function")),
            ("inject First from S", ("Sink", "step")),
        ):
            await d.press("colon")
            await d.type(line)
            found = [(one.shown, one.hint.strip()) for one in d.screen.line._suggestions.completions]
            assert offered in found
            await d.press("escape")


async def test_names_that_act_on_a_terminal_come_back_as_they_are_when_edited(debug, process_file):
    async with debug(process_file(HOSTILE), paused=True) as d:
        await d.until("PAUSED")
        event = d.screen.control.events[1]
        await d.screen.parts.breakpoint_control.toggle(event=event)
        await d.until(lambda: d.status.breakpoints)
        await d.press("5", "B")
        await d.until(lambda: d.screen.line.is_open)
        assert d.screen.line._box.value.isprintable()
        await d.press("enter")
        await d.until("breakpoint 1 is now")
        assert d.status.breakpoints[0].event == event
        assert d.status.breakpoints[0].bound
        assert "\x1b" not in d.text


async def test_a_condition_that_cannot_be_decided_says_so_whole_where_it_stops(debug, process_file):
    async with debug(process_file(CHAT), paused=True, size=(80, 24)) as d:
        await d.until("PAUSED")
        await d.command("break Intro if data.nosuch == 3")
        await d.command("break UserInput if data.nosuch == 3")
        await d.until(lambda: len(d.status.breakpoints) == 2)
        await d.press("c")
        await d.until("breakpoint 2 pauses once to report: the condition cannot be decided here")
        await d.press("5")

        def beside():
            return " ".join(line[43:].strip() for line in d.text.splitlines())

        await d.until(lambda: "cannot be decided here: a str has no 'nosuch' · step UserInput" in beside())

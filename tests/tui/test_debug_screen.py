"""What the debug screen does for those who use it."""

import asyncio
import math
from pathlib import Path

from driving import SAMPLES
from targets import ASK_AND_LOOP, CHAT, FAILS, FIVE_PROBLEMS, LATE_ASK, LOOP, NUMBERS
from textual.command import CommandPalette

from tui.actions import Panel
from tui.screens.handlers import quit as quitting


async def test_a_breakpoint_is_toggled_on_the_event_under_the_cursor(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "2")
        emitted = next(row for row in d.screen.run_file.page(0, 100) if row.event_id == "introduce.OnResult")
        d.screen.timeline.select(emitted.seq)
        await d.press("b")
        await d.until(lambda: [spec.event for spec in d.status.breakpoints] == ["introduce.OnResult"])
        await d.press("b")
        await d.until(lambda: not d.status.breakpoints)


async def test_a_breakpoint_is_set_on_the_step_selected_in_the_graph(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "1")
        d.screen.graph.select("Response")
        await d.press("b")
        await d.until(lambda: [spec.step for spec in d.status.breakpoints] == ["Response"])


async def test_a_breakpoint_is_set_on_the_route_selected_in_the_graph(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "1")
        d.screen.graph.select("UserInput")
        await d.press("e", "e", "b")
        await d.until(lambda: [spec.event for spec in d.status.breakpoints] == ["UserInputReceived"])


async def test_the_breakpoints_panel_switches_and_deletes(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("UserInputReceived",)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "5")
        await d.until("UserInputReceived  not hit")
        await d.press("space")
        await d.until(lambda: not d.status.breakpoints[0].enabled)
        assert "off" in d.text
        await d.press("d")
        await d.until(lambda: not d.status.breakpoints)
        await d.until("no breakpoints")


async def test_a_breakpoint_that_can_match_nothing_says_so_with_the_nearest_name(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.command("break UserInputRecieved")
        await d.until("did you mean 'UserInputReceived'?")


async def test_the_queue_shows_what_is_pending_with_the_next_marked(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        await d.press("6")
        await d.until(f"▸  {d.status.paused.message.id} startProcess → Intro")


async def test_starting_paused_keeps_the_focus_off_the_chat(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        assert not d.screen.inserting


async def test_continuing_at_once_gives_the_focus_to_the_chat_when_the_process_asks(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        await d.press("c")
        await d.until("INSERT")
        assert d.app.focused is d.screen.chat.box


async def test_the_focus_is_not_stolen_from_who_reads_elsewhere(debug, process_file):
    target = process_file(LATE_ASK)
    async with debug(target, paused=True) as d:
        await d.until("PAUSED")
        await d.press("c", "3")
        await d.until(lambda: d.screen.panel is Panel.INSPECTOR)
        Path(target).with_name("now").touch()
        await d.until("WAITING FOR YOU")
        assert d.screen.panel is Panel.INSPECTOR


async def test_a_paused_run_says_so_in_the_chat_and_keeps_what_was_typed(debug, process_file):
    async with debug(process_file(ASK_AND_LOOP)) as d:
        await d.until("INSERT")
        await d.type("unfinished")
        await d.press("ctrl+c")
        await d.until("‖ paused before")
        assert d.screen.chat.box.value == "unfinished"
        assert d.app.focused is d.screen.chat.box


async def test_what_is_said_while_another_tab_hides_the_chat_is_wrapped_to_its_width(debug, process_file):
    async with debug(SAMPLES / "chatbot.py", size=(80, 24)) as d:
        await d.until("INSERT")
        await d.command("break UserInputReceived")
        await d.answer("hello")
        await d.until("PAUSED")
        assert not d.screen.chat.transcript.size.width
        await d.press("c")
        await d.until("WAITING FOR YOU")
        await d.press("4")
        await d.until("Response Hello! What are you")


async def test_a_step_of_a_nested_process_may_be_named_without_its_path(debug):
    async with debug(SAMPLES / "nested_order.py", paused=True) as d:
        await d.until("PAUSED")
        await d.command("break Shipping")
        await d.command("break Packer after")
        await d.until(lambda: [spec.step for spec in d.status.breakpoints] == ["Shipping", "Fulfilment/Packer"])
        await d.command("why Packer.pack")
        await d.until("why has Fulfilment/Packer.pack not")
        await d.command("runto Picker")
        await d.until(lambda: d.status.paused and d.status.paused.path == "Fulfilment/Picker")
        await d.press("c")
        assert "Fulfilment/Packer.pack completed  breakpoint 2" in await d.until("breakpoint 2")


async def test_an_answer_of_the_wrong_type_is_reported_beside_the_box_and_kept(debug, process_file):
    async with debug(process_file(NUMBERS)) as d:
        await d.until("question 1 of 2")
        await d.answer("many")
        await d.until(lambda: "✗" in d.text)
        assert d.screen.chat.box.value == "many"
        assert len(d.status.requests) == 2


async def test_several_questions_can_be_chosen_between_and_keep_their_drafts(debug, process_file):
    async with debug(process_file(NUMBERS)) as d:
        await d.until("question 1 of 2")
        await d.type("41")
        await d.press("ctrl+n")
        await d.until("What name?")
        assert d.screen.chat.box.value == ""
        await d.answer("Ada")
        await d.until("hello Ada")
        await d.until(lambda: len(d.status.requests) == 1)
        await d.until(lambda: d.screen.chat.request is not None)
        assert d.screen.chat.box.value == "41"
        await d.press("enter")
        await d.until("next year 42")


async def test_a_text_typed_while_nothing_is_asked_is_kept(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        await d.press("a")
        await d.type("early")
        await d.press("enter")
        await d.until("nothing is asked now; text kept")
        assert d.screen.chat.box.value == "early"


async def test_ctrl_c_pauses_the_run_and_pressed_again_leaves(debug, process_file, monkeypatch):
    monkeypatch.setattr(quitting, "AGAIN", math.inf)
    async with debug(process_file(LOOP)) as d:
        await d.until("RUN")
        await d.press("ctrl+c")
        await d.until("PAUSED")
        await d.press("ctrl+c")
        await d.until(lambda: d.app._exit)


async def test_ctrl_c_pressed_long_after_the_pause_leaves_the_second_time_only(debug, process_file, monkeypatch):
    monkeypatch.setattr(quitting, "AGAIN", -1.0)
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("ctrl+c")
        await d.until("Ctrl+C again leaves")
        await d.press("ctrl+c")
        assert not d.app._exit


async def test_q_asks_while_a_run_is_alive_and_leaves_without_asking_after(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "q")
        await d.until("Leave and end it?")
        await d.press("n")
        await d.until("WAITING FOR YOU")
        await d.command("answer exit")
        await d.until("STOPPED")
        await d.press("q")
        await d.until(lambda: d.app._exit)


async def test_a_failed_run_says_why_and_the_screen_stays_alive(debug, process_file):
    async with debug(process_file(FAILS)) as d:
        await d.until("the run FAILED")
        await d.until(lambda: d.screen.timeline.selected.type == "executor_failed")
        assert "ValueError: no such luck" in d.text
        assert "Traceback" in d.text
        assert "no such luck" in d.text
        await d.press("question_mark")
        await d.until("Run")


async def test_restart_runs_the_changed_file(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("Welcome!")
        process_file(CHAT.replace("Welcome!", "Changed!"))
        await d.press("escape", "R", "y")
        await d.until("Changed!")
        assert "Welcome!" not in d.text


async def test_restart_keeps_the_breakpoints(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("UserInputReceived",)) as d:
        await d.until("WAITING FOR YOU")
        first = d.status.run_id
        await d.press("escape", "R", "y")
        await d.until(lambda: d.status.run_id != first)
        assert [spec.event for spec in d.status.breakpoints] == ["UserInputReceived"]


async def test_a_syntax_error_at_restart_is_shown_and_the_old_run_goes_on(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        process_file("def build(:\n")
        await d.press("escape", "R", "y")
        await d.until("cannot load")
        assert "target.py" in d.text
        await d.press("escape")
        await d.answer("still here")
        await d.until("you said still here")


async def test_all_five_problems_of_a_definition_are_listed(debug, process_file):
    async with debug(process_file(CHAT), size=(120, 60)) as d:
        await d.until("WAITING FOR YOU")
        process_file(FIVE_PROBLEMS)
        await d.press("escape", "R", "y")
        await d.until("cannot load")
        assert all(f"nope_{name}" in d.text for name in ("one", "two", "three", "four", "five"))


async def test_a_first_load_that_fails_ends_the_app_with_code_2(debug, process_file):
    async with debug(process_file("x = (\n")) as d:
        await d.until(lambda: d.app._exit)
        assert d.app.return_code == 2
        assert d.app.refusal.code == "syntax_error"


async def test_a_wrong_command_is_reported_on_the_line_and_kept(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.command("contniue")
        await d.until("did you mean 'continue'?")
        assert ": contniue" in d.text
        await d.press("escape")
        assert not d.screen.line.is_open


async def test_tab_completes_and_up_recalls_on_the_command_line(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "colon")
        await d.type("break UserInputR")
        await d.press("tab")
        await d.until(": break UserInputReceived")
        await d.press("enter")
        await d.until(lambda: d.status.breakpoints)
        await d.press("colon", "up")
        await d.until(": break UserInputReceived")


async def test_goto_selects_the_event_of_a_number(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.command("3")
        await d.until(lambda: d.screen.timeline.selected.seq == 3)
        await d.command("goto 99999")
        await d.until("there is no event 99999")


async def test_a_filter_hides_events_and_says_so(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "f")
        await d.type("type:output")
        await d.press("enter")
        await d.until("filter type:output")
        assert d.screen.timeline.hidden > 0


async def test_a_panel_fills_the_screen_and_gives_its_place_back(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "2", "m")
        await d.until(lambda: d.screen.workspace.plan.shown == (Panel.TIMELINE,))
        await d.press("escape")
        await d.until(lambda: len(d.screen.workspace.plan.shown) == 4)


async def test_a_smaller_terminal_shows_fewer_panels_and_loses_none(debug, process_file):
    async with debug(process_file(CHAT), size=(200, 60)) as d:
        await d.until("WAITING FOR YOU")
        await d.pilot.resize_terminal(60, 20)
        await d.until(lambda: len(d.screen.workspace.plan.shown) == 1)
        for number, panel in enumerate(Panel, 1):
            if d.screen.inserting:
                await d.press("escape")
            await d.press(str(number))
            assert d.screen.workspace.plan.shown == (panel,)


async def test_the_palette_does_what_a_key_does(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("ctrl+p")
        await d.until(lambda: isinstance(d.app.screen, CommandPalette))
        await d.type("Break on Exit")
        await d.pilot.pause(0.5)
        await d.press("enter")
        await d.pilot.pause(0.2)
        await d.press("enter")
        await d.until(lambda: d.app.session.status.breakpoints)
        assert d.app.session.status.breakpoints[0].event == "Exit"


async def test_every_theme_draws_the_same_words(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape")
        seen = set()
        for theme in ("dark", "light", "plain"):
            d.app.theme = f"stepscope-{theme}"
            await d.pilot.pause(0.1)
            seen.add(d.text)
        assert len(seen) == 1


async def test_run_to_cursor_stops_before_the_step(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        await d.press("1")
        d.screen.graph.select("UserInput")
        await d.press("t")
        await d.until(lambda: d.status.paused is not None and d.status.paused.message.target == "UserInput")


async def test_an_outside_event_is_sent_from_the_command_line(debug, process_file):
    async with debug(process_file(NUMBERS)) as d:
        await d.until("question 1 of 2")
        await d.command("send Go")
        await d.until(lambda: d.status.pending or len(d.status.requests) > 2 or "sent Go" in d.text)
        await d.command("send Goo")
        await d.until("did you mean 'Go'?")
        await d.command("send Go {")
        await d.until("the data is not JSON")


async def test_an_unknown_first_event_ends_the_app_also_where_the_target_loads_when_it_is_open(debug, process_file):
    async with debug(process_file(CHAT), event="startProces") as d:
        await d.until(lambda: d.app.refusal is not None)
        assert d.app.return_code == 2
        assert "did you mean 'startProcess'?" in d.app.refusal.message


async def test_the_focus_leaves_the_chat_though_the_run_ends_before_its_last_answer_is_accepted(
    debug, process_file, monkeypatch
):
    async with debug(process_file(CHAT)) as d:
        await d.until("INSERT")
        answer = d.screen.control.answer

        async def accepted_late(request_id, text):
            await answer(request_id, text)
            while "the run is STOPPED" not in d.text:
                await asyncio.sleep(0.01)

        monkeypatch.setattr(d.screen.control, "answer", accepted_late)
        await d.answer("exit")
        await d.until(lambda: d.status.state.value == "STOPPED" and not d.screen.inserting)
        assert d.screen.chat.box.value == ""


async def test_stop_and_restart_ask_while_a_run_is_alive(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        first = d.status.run_id
        for key, question in (("X", "Stop the run?"), ("R", "Restart, and end it?")):
            await d.press(key)
            await d.until(question)
            await d.press("escape")
            assert (d.status.run_id, d.status.state.value) == (first, "IN_PROGRESS")
        await d.press("X", "y")
        await d.until("CANCELLED")
        await d.press("R")  # there is nothing left to lose
        await d.until(lambda: d.status.run_id != first)

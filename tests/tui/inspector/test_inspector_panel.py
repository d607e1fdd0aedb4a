"""The inspector on the screen."""

import time
import unicodedata
from contextlib import asynccontextmanager

import pytest
from inspector_runs import NODES, ORDER, TRACEBACK, ChatState, story_run
from textual.app import App, ComposeResult

from process_core.events import WorkflowEvent
from process_core.runfile import RunFile, RunFileWriter
from process_core.session.protocol.status import OpenRequest, PausePoint, Status, WaitingInputs
from tui.inspector.panel import InspectorPanel
from tui.inspector.step_page import StepFacts
from tui.inspector.values import read_payload, size_text
from tui.moment import present_of
from tui.text.spans import text_of


class PanelApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.jumps: list[int] = []

    def compose(self) -> ComposeResult:
        yield InspectorPanel()

    def on_inspector_panel_jump_to(self, event: InspectorPanel.JumpTo) -> None:
        self.jumps.append(event.seq)


def screen_lines(app):
    """What is on the screen, without the first cell, in which the cursor points."""
    return [strip.text[1:].rstrip() for strip in app.screen._compositor.render_strips()]


def pointers(app):
    return "".join(strip.text[0] for strip in app.screen._compositor.render_strips())


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    with RunFile(story_run(tmp_path_factory.mktemp("story") / "x.run")) as opened:
        yield opened


@asynccontextmanager
async def showing(run_file, seq=None, size=(80, 40), node=None, status=None):
    app = PanelApp()
    async with app.run_test(size=size) as pilot:
        panel = app.query_one(InspectorPanel)
        panel.focus()
        await pilot.pause()
        if seq is not None:
            panel.show_event(present_of(run_file, Status(), ()), run_file.row(seq))
        if node is not None:
            panel.show_step(present_of(run_file, status or Status(), ()), node)
        await pilot.pause()
        yield app, panel, pilot


def cursor_to(panel, text):
    panel.outline.cursor = next(place for place, line in enumerate(panel.outline.lines) if text in text_of(line.spans))


def recorded(path, data):
    """A run file with one event that carries the data."""
    writer = RunFileWriter(path, process="P", run_id="r", started=1000.0)
    writer.append(WorkflowEvent("event_emitted", data, seq=1, timestamp=1000.0, event_id="Large"))
    writer.close()
    return RunFile(path)


# An event


async def test_an_event_shows_what_it_carried_where_it_came_from_and_where_it_led(story):
    async with showing(story, 8) as (app, _, _):
        assert screen_lines(app)[:16] == [
            "  #8 → emit UserInputReceived",
            "  UserInput.ask · superstep 2 · +95.9 ms",
            "▾ Payload  13.6 kB  5 keys",
            "    id: 4711",
            '  ▸ customer: 3 keys  {name: "Ada Lovelace", vip: True, email: None}',
            "  ▸ lines: 240 items  [{…}, {…}, {…}, {…}, {…}, {…}, …]",
            '  ▸ note: 388 characters  "Please ring twice.⏎The dog is friendly.⏎It barks, …',
            "    total: 12345.75",
            "▾ Causes  1",
            "    ↑ #5 ✓ done Intro.introduce  Hello!",
            "    ↑ #4 ▸ call Intro.introduce",
            "    ↑ #1 ◇ start startProcess  from outside",
            "▾ Effects  2",
            "    ↓ #11 ▸ call Response.GetChatResponse  {'user_message': 'hello'}",
            "    ↓ #15 ✗ FAIL billing/Charge.charge  ValueError: card declined",
            "▾ Envelope",
        ]


async def test_a_failure_shows_its_message_and_a_traceback_that_wraps(story):
    async with showing(story, 15, size=(50, 40)) as (app, panel, _):
        lines = screen_lines(app)
        assert lines[2] == "  ValueError: card declined"
        assert lines[3] == "▾ Traceback  4 lines"
        assert any(line.startswith('      File "/home/me/shop/billing.py"') for line in lines)
        wrapped = "".join(line.strip() for line in lines[4:12])
        assert "at great length" in wrapped
        cursor_to(panel, "Traceback (most")
        assert panel.selected_text() == TRACEBACK.rstrip("\n")


async def test_a_warning_shows_its_details(story):
    async with showing(story, 16) as (app, panel, pilot):
        assert "  discarded_emissions: 2 events were discarded" in screen_lines(app)
        cursor_to(panel, "Details")
        await pilot.press("enter")
        await pilot.pause()
        assert '  ▸ events: 2 items  ["A", "B"]' in screen_lines(app)


async def test_the_causes_of_a_join_go_up_both_ways(story):
    async with showing(story, 15) as (_, panel, _):
        seqs = [line.item.jump for line in panel.outline.lines if line.item.key.startswith("cause ")]
        assert seqs == [12, 11, 8, 5, 4, 1]


async def test_an_event_from_outside_says_so(story):
    async with showing(story, 1) as (app, _, _):
        assert "  Causes  none: it came from outside" in screen_lines(app)


async def test_enter_on_a_cause_asks_to_go_there(story):
    async with showing(story, 8) as (app, panel, pilot):
        cursor_to(panel, "#5")
        await pilot.press("enter")
        await pilot.pause()
        assert app.jumps == [5]


async def test_a_click_on_a_cause_asks_to_go_there(story):
    async with showing(story, 8) as (app, panel, pilot):
        await pilot.click(panel, offset=(11, 9))
        await pilot.pause()
        assert app.jumps == [5]


async def test_keys_open_and_close_what_is_under_the_cursor(story):
    async with showing(story, 8) as (app, panel, pilot):
        cursor_to(panel, "customer")
        await pilot.press("right", "down")
        await pilot.pause()
        assert '      name: "Ada Lovelace"' in screen_lines(app)
        await pilot.press("left", "left")
        await pilot.pause()
        assert '      name: "Ada Lovelace"' not in screen_lines(app)
        assert panel.outline.current.item.key == "customer"


async def test_clicking_the_marker_opens(story):
    async with showing(story, 8) as (app, panel, pilot):
        await pilot.click(panel, offset=(3, 4))
        await pilot.pause()
        assert '      name: "Ada Lovelace"' in screen_lines(app)


async def test_the_cursor_scrolls_the_page(story):
    async with showing(story, 8, size=(80, 6)) as (app, _panel, pilot):
        await pilot.press("end")
        await pilot.pause()
        assert screen_lines(app)[-1].startswith("    causes #5")
        await pilot.press("home")
        await pilot.pause()
        assert screen_lines(app)[0] == "  #8 → emit UserInputReceived"


async def test_what_is_copied_is_the_value_whole(story):
    async with showing(story, 8) as (_, panel, _):
        cursor_to(panel, "note:")
        assert panel.selected_text() == ORDER["note"]
        cursor_to(panel, "customer:")
        assert '"name": "Ada Lovelace"' in panel.selected_text()
        cursor_to(panel, "#5")
        assert panel.selected_text() == "#5"
        cursor_to(panel, "event id")
        assert panel.selected_text() == "UserInputReceived"


async def test_clearing_shows_nothing_of_the_event(story):
    async with showing(story, 8) as (app, panel, pilot):
        panel.clear()
        await pilot.pause()
        assert screen_lines(app)[0] == "  Select an event or a step."
        assert not any(screen_lines(app)[1:])


async def test_the_cursor_is_shown_without_colour(story):
    async with showing(story, 8) as (app, _panel, pilot):
        await pilot.press("down", "down")
        await pilot.pause()
        assert pointers(app).rstrip() == "  ❯"


# A step

WAITING = Status(
    written=17,
    waiting=(WaitingInputs(path="Response", function="Summarise", arrived=("texts",), missing=("tone",)),),
)


async def test_a_step_shows_its_state_what_it_did_and_how_it_is_reached(story):
    async with showing(story, node=NODES[2], status=WAITING) as (app, _, _):
        assert [line for line in screen_lines(app) if line] == [
            "  Response  step",
            "  ◔ waits for inputs · 1 run",
            "  Summarise waits: ✓ texts  ○ tone missing",
            "▾ State  2 changes in the last superstep",
            '  ▸ ~ messages: 2 items  ["hi", "hello"]',
            "    ~ turns: 2  was 1",
            '    mood: "calm"',
            "▸ Last input  GetChatResponse  {'user_message': 'hello'}",
            "▸ Last result  GetChatResponse",
            "▸ Last event  AssistantResponseGenerated  You said: hello",
            "▾ Functions  2",
            "    GetChatResponse(user_message)",
            "    Summarise(texts, tone)",
            "▾ Reached by  1",
            "    UserInput → UserInputReceived  GetChatResponse(user_message)",
            "▾ Leads to  1",
            "    → AssistantResponseGenerated  UserInput.ask",
        ]


async def test_the_part_of_the_state_that_is_new_is_marked(story):
    async with showing(story, node=NODES[2], status=WAITING) as (app, panel, pilot):
        cursor_to(panel, "messages")
        await pilot.press("enter")
        await pilot.pause()
        assert '    + 1: "hello"' in [line.replace("      +", "    +") for line in screen_lines(app)]


async def test_the_last_input_opens_to_its_payload_and_leads_to_its_event(story):
    async with showing(story, node=NODES[2], status=WAITING) as (app, panel, pilot):
        cursor_to(panel, "Last input")
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert '    user_message: "hello"' in screen_lines(app)
        assert app.jumps == [11]


async def test_a_step_that_asks_shows_its_question(story):
    request = OpenRequest(
        request_id="q1", path="UserInput", function="ask", prompt="Your name?", response_type="str", seq=17
    )
    status = Status(
        written=17, parked=("UserInput",), requests=(request,), paused=PausePoint(reason="pause", path="UserInput")
    )
    async with showing(story, node=NODES[1], status=status) as (app, _, _):
        assert screen_lines(app)[1].startswith("  ▶ paused here · ? waits for an answer")
        assert "  ? Your name?  str" in screen_lines(app)
        assert "    → Exit  STOP  when data == 'exit'" in screen_lines(app)


async def test_a_step_that_has_not_run_says_so(story):
    other = NODES[0].__class__("Other", "Other", NODES[0].kind, ("f",), {"f": ("a",)})
    async with showing(story, node=other, status=WAITING) as (app, _, _):
        lines = screen_lines(app)
        assert lines[1] == "  has not run"
        assert "  State  none recorded so far" in lines
        assert "  Reached by  no route" in lines


async def test_a_state_that_stayed_the_same_is_not_marked(story, tmp_path):
    async with showing(story, node=NODES[2], status=Status(written=8)) as (app, _, _):
        assert any("change" in line for line in screen_lines(app))


async def test_newer_data_of_the_same_step_keeps_what_is_open_and_the_cursor(tmp_path):
    path = tmp_path / "x.run"
    writer = RunFileWriter(path, process="P", run_id="r", started=1000.0, graph_nodes=NODES)
    for seq in (1, 2, 3):
        writer.append(WorkflowEvent("log", "x", seq=seq, timestamp=1000.0 + seq, path="Response", step="Response"))
        writer.checkpoint(superstep=seq, seq=seq, states={"Response": ChatState(messages=["m"] * seq, turns=seq)})
        writer.flush()
        if seq == 1:
            run_file = RunFile(path)
            break
    async with showing(run_file, node=NODES[2], status=Status(written=1), size=(60, 8)) as (_app, panel, pilot):
        cursor_to(panel, "messages")
        await pilot.press("enter")
        cursor_to(panel, "mood")
        await pilot.press("down", "up")
        await pilot.pause()
        row = panel.outline.cursor - panel.scroll_offset.y
        for seq in (2, 3):
            writer.append(WorkflowEvent("log", "x", seq=seq, timestamp=1000.0 + seq, path="Response", step="Response"))
            writer.checkpoint(superstep=seq, seq=seq, states={"Response": ChatState(messages=["m"] * seq, turns=seq)})
        writer.flush()
        panel.show_step(present_of(run_file, Status(written=3), ()), NODES[2])
        await pilot.pause()
        assert panel.outline.current.item.key == "mood"
        assert panel.outline.cursor - panel.scroll_offset.y == row
        assert any("+ 2:" in text_of(line.spans) for line in panel.outline.lines)
    writer.close()
    run_file.close()


async def test_a_step_that_is_slow_to_read_is_read_less_often_but_to_the_end(story, monkeypatch):
    read = []

    def slow(run_file, path, written):
        read.append(written)
        time.sleep(0.02)
        return StepFacts(problem=f"as of {written}")

    monkeypatch.setattr("tui.inspector.panel.read_step", slow)
    async with showing(story, node=NODES[2], status=Status(written=1)) as (app, panel, pilot):
        for written in range(2, 12):
            panel.show_step(present_of(story, Status(written=written), ()), NODES[2])
        assert len(read) == 1
        await pilot.pause(0.4)
        assert read == [1, 11]
        assert "  as of 11" in screen_lines(app)


# Large and hostile


@pytest.mark.parametrize(
    "make",
    [  # made where they are needed: every collection of garbage would go through them
        pytest.param(lambda: "x" * 10_000_000, id="one text"),
        pytest.param(lambda: {f"key {number}": ["some text"] * 10 for number in range(90_000)}, id="many keys"),
        pytest.param(lambda: [{"id": n, "name": f"name {n}"} for n in range(250_000)], id="many items"),
        pytest.param(lambda: "\x1b[2J" * 2_500_000, id="escape codes"),
    ],
)
async def test_ten_megabytes_are_shown_by_their_beginning(tmp_path, make):
    with recorded(tmp_path / "x.run", make()) as run_file:
        async with showing(run_file, 1, size=(80, 30)) as (app, panel, pilot):
            assert any("MB are shown; Enter loads all" in line.item.line for line in panel.outline.lines)
            row = run_file.row(1)
            panel.clear()
            began = time.thread_time()
            panel.show_event(present_of(run_file, Status(), ()), row)
            assert time.thread_time() - began < 0.5  # a bound against reading it all, not a measurement
            await pilot.press("end", "pageup", "home")
            assert app.is_running


async def test_a_large_payload_is_loaded_whole_when_asked_for(tmp_path):
    with recorded(tmp_path / "x.run", list(range(200_000))) as run_file:
        async with showing(run_file, 1) as (app, panel, pilot):
            cursor_to(panel, "Enter loads all")
            await pilot.press("enter")
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert "▾ Payload  1.3 MB  200,000 items" in screen_lines(app)
            assert not any("Enter loads all" in line.item.line for line in panel.outline.lines)


async def test_hostile_payloads_are_shown_as_what_they_are(tmp_path):
    hostile = "\x1b]52;c;QQ==\x07[/x][@click=app.quit]go[/]\u202e\r\n\x9b31m漢字"
    data = {hostile: hostile, "list": [hostile] * 3, "long": hostile * 200}
    with recorded(tmp_path / "x.run", data) as run_file:
        async with showing(run_file, 1, size=(70, 40)) as (app, panel, pilot):
            for place in (4, 5):
                panel.outline.cursor = place
                await pilot.press("enter")
            await pilot.click(panel, offset=(30, 4))
            await pilot.pause()
            text = "\n".join(screen_lines(app))
            assert app.is_running
            assert "␛]52;c;QQ==␇[/x][@click=app.quit]go" in text
            assert not [char for char in text if unicodedata.category(char) in {"Cc", "Cf"} and char != "\n"]


async def test_a_deep_payload_is_shown(tmp_path):
    value = "bottom"
    for _ in range(1000):
        value = [value]
    with recorded(tmp_path / "x.run", value) as run_file:
        async with showing(run_file, 1) as (app, panel, pilot):
            cursor_to(panel, "0: 1 item")
            for _ in range(300):
                panel.action_unfold()
            await pilot.pause()
            assert app.is_running
            assert len(panel.outline.lines) > 80


async def test_every_width_is_drawn_to_the_cell(story):
    for width in (12, 20, 41):
        async with showing(story, 15, size=(width, 30)) as (app, _, _):
            assert {strip.cell_length for strip in app.screen._compositor.render_strips()} == {width}


def test_the_beginning_of_a_payload_is_a_value_of_its_kind(tmp_path):
    with recorded(tmp_path / "x.run", {"a": list(range(100_000)), "b": 1}) as run_file:
        payload = read_payload(run_file, run_file.row(1).data)
        assert not payload.is_whole
        assert list(payload.value) == ["a"]
        assert payload.value["a"][:3] == [0, 1, 2]
        assert read_payload(run_file, run_file.row(1).data, whole=True).value["b"] == 1


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1234, "1.2 kB"),
        (999_960, "1.0 MB"),
        (10_000_000, "10.0 MB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_sizes_read_well(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(list(range(500_000)), "at least 10,044 items", id="list"),
        pytest.param("x" * 5_000_000, "at least 49,151 characters", id="text"),
        pytest.param({"name": "log", "lines": "x" * 5_000_000}, "lines: at least", id="text inside"),
    ],
)
async def test_the_size_of_what_was_read_in_part_is_not_shown_as_that_of_the_whole(tmp_path, data, said):
    with recorded(tmp_path / "x.run", data) as run_file:
        async with showing(run_file, 1, size=(80, 30)) as (app, _panel, _):
            assert any(said in line for line in screen_lines(app)), "\n".join(screen_lines(app))

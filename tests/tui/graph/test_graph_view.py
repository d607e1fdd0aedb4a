"""The widget: what it shows, what it does on keys and mouse, what it posts to the app."""

import io
from dataclasses import replace
from itertools import pairwise

import pytest
from graph_cases import CASES, pipeline, process
from textual.app import App
from textual.events import MouseScrollDown
from textual.geometry import Offset

from process_core.graph import Edge, Node, SourceKind, StepKind
from tui.graph import Direction, Mark, Overlay, Zoom
from tui.graph.widget.hit_testing import region_of
from tui.graph.widget.view import GraphView

CHATBOT = CASES["chatbot"]


class Stage(App):
    CSS = "GraphView { width: 1fr; height: 1fr; }"

    def __init__(self, graph, **options):
        super().__init__()
        self.graph = graph
        self.options = options
        self.told = []

    def compose(self):
        view = GraphView(**self.options)
        view.set_graph(*self.graph)
        yield view

    @property
    def view(self):
        return self.query_one(GraphView)

    def on_graph_view_step_selected(self, message):
        self.told.append(message.path)

    def on_graph_view_edge_selected(self, message):
        self.told.append((message.key, message.event_id))


def shown(view):
    return [view.render_line(y).text for y in range(view.size.height)]


def text(view):
    return "\n".join(shown(view))


def on_screen(view, what):
    """Where a step or label is on the screen."""
    region = region_of(view.picture, what)
    return Offset(region.x + 1, region.y) + view.picture_offset - view.scroll_offset


async def test_a_low_and_wide_panel_shows_the_whole_chatbot():
    app = Stage(CHATBOT)
    async with app.run_test(size=(74, 10)):
        assert app.view.zoom is Zoom.CHIPS
        for label in ("startProcess", "Exit", "UserInputReceived", "AssistantResponseGenerated", "STOP"):
            assert label in text(app.view)


async def test_a_narrow_and_high_panel_shows_the_whole_chatbot_as_boxes():
    app = Stage(CHATBOT)
    async with app.run_test(size=(56, 30)):
        assert app.view.zoom is not Zoom.CHIPS
        assert app.view.picture.width <= 56
        assert app.view.picture.height <= 30


async def test_a_small_picture_stands_in_the_middle():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)):
        rows = [row for row in shown(app.view) if row.strip()]
        left = min(len(row) - len(row.lstrip()) for row in rows)
        right = min(len(row) - len(row.rstrip()) for row in rows)
        assert abs(left - right) <= 1


@pytest.mark.parametrize(
    ("mark", "sign"),
    [("running", "▶"), ("waiting", "◔"), ("paused", "‖"), ("failed", "✗"), ("done", "✓"), ("cancelled", "⊘")],
)
@pytest.mark.parametrize("zoom", Zoom)
async def test_every_state_has_a_sign_of_its_own(mark, sign, zoom):
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)):
        app.view.zoom = zoom
        before = text(app.view).count(sign)
        app.view.set_overlay(Overlay(states={"Response": Mark(mark)}))
        assert text(app.view).count(sign) == before + 1


async def test_a_state_change_lays_nothing_out_again():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)):
        picture, rows = app.view.picture, shown(app.view)
        app.view.set_overlay(
            Overlay(
                states={"Response": Mark.RUNNING, "UserInput": Mark.WAITING},
                counts={"Response": 123456},
                waiting={"UserInput": "1/2 needs everything there is"},
                breakpoints=frozenset({"UserInputReceived", "Intro", "startProcess"}),
                lit=frozenset({"r3"}),
                forced=frozenset({"r4"}),
                selected="Intro",
            )
        )
        assert app.view.picture is picture
        assert [len(row) for row in shown(app.view)] == [len(row) for row in rows]
        assert "UserInputReceived" in text(app.view)


async def test_a_step_that_waits_says_for_how_many_of_its_inputs():
    app = Stage(CASES["documents"])
    async with app.run_test(size=(120, 60)):
        app.view.zoom = Zoom.FULL
        app.view.set_overlay(
            Overlay(
                states={"Write": Mark.WAITING},
                waiting={"Write": "1/3 needs facts"},
                arrived={"Write": frozenset({"outline"})},
            )
        )
        assert "◔ Write 1/3" in text(app.view)
        assert "waiting 1/3 needs facts" in text(app.view)
        assert "✓outline, ·facts, ·images" in text(app.view)


async def test_a_step_whose_call_takes_long_says_for_how_long():
    app = Stage(CASES["documents"])
    async with app.run_test(size=(120, 60)):
        for zoom in (Zoom.BOXES, Zoom.FULL):
            app.view.zoom = zoom
            app.view.set_overlay(Overlay(states={"Write": Mark.RUNNING}, counts={"Write": 7}, elapsed={"Write": "12s"}))
            assert "▶ Write 12s" in text(app.view)
        assert "running 12s" in text(app.view)
        app.view.set_overlay(Overlay(states={"Write": Mark.RUNNING}, counts={"Write": 7}, elapsed={"Write": "13s"}))
        assert "running 13s" in text(app.view)
        app.view.set_overlay(Overlay(states={"Write": Mark.DONE}, counts={"Write": 8}))
        assert "✓8" in text(app.view)


async def test_breakpoints_are_dots_on_steps_labels_and_entries():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)):
        app.view.set_overlay(Overlay(breakpoints=frozenset({"UserInputReceived", "Response", "startProcess"})))
        assert text(app.view).count("●") == 3
        assert "●UserInputReceived" in text(app.view)


async def test_lit_and_forced_routes_are_drawn_with_other_lines():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)):
        plain = text(app.view)
        assert not set("┃║") & set(plain)
        app.view.set_overlay(Overlay(lit=frozenset({"r1"}), forced=frozenset({"r3"})))
        assert "┃ introduce.OnResult" in text(app.view)
        assert "║ UserInputReceived" in text(app.view)


async def test_only_the_branch_that_was_taken_is_lit():
    app = Stage(CASES["documents"])
    async with app.run_test(size=(120, 60)):
        app.view.zoom = Zoom.BOXES
        app.view.set_overlay(Overlay(lit=frozenset({"r1"})))
        row = next(row for row in shown(app.view) if "╭──────────────" in row or "┏" in row)
        assert row.count("┏") == 1
        assert "╮" in row


async def test_a_folded_process_shows_the_state_of_the_step_in_it_that_needs_to_be_seen():
    app = Stage(CASES["deep"])
    async with app.run_test(size=(120, 80)):
        app.view.action_fold("Plant")
        states = {"Plant": Mark.RUNNING, "Plant/Line/Robot": Mark.PAUSED, "Plant/Cut": Mark.RUNNING}
        app.view.set_overlay(Overlay(states=states))
        assert "‖ ▸ Plant" in text(app.view)


@pytest.mark.parametrize("zoom", Zoom)
async def test_in_ascii_every_state_has_a_sign_of_its_own_too(zoom):
    app = Stage(CHATBOT, ascii_only=True)
    async with app.run_test(size=(120, 60)):
        app.view.zoom = zoom
        screens = set()
        for mark in Mark:
            app.view.set_overlay(Overlay(states={"Response": mark}))
            screens.add(text(app.view))
        app.view.set_overlay(Overlay())
        assert len(screens | {text(app.view)}) == len(Mark) + 1


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_lit_and_forced_routes_without_a_line_differ_by_their_arrows(ascii_only):
    app = Stage(process("A -Go-> B"), ascii_only=ascii_only)
    async with app.run_test(size=(40, 12)):
        app.view.zoom, app.view.direction = Zoom.CHIPS, Direction.DOWN
        screens = {text(app.view)}
        for overlay in (Overlay(lit=frozenset({"r0"})), Overlay(forced=frozenset({"r0"}))):
            app.view.set_overlay(overlay)
            screens.add(text(app.view))
        assert len(screens) == 3


async def test_selecting_a_step_leaves_its_name_as_it_is():
    app = Stage(([Node("v-1 │▼", "v-1 │▼", StepKind.STEP)], []), ascii_only=False)
    async with app.run_test(size=(40, 12)):
        app.view.select("v-1 │▼")
        assert "v-1 │▼" in text(app.view)


async def test_a_terminal_whose_encoding_has_no_box_drawing_gets_ascii(monkeypatch):
    for encoding, drawn in (("iso-8859-1", True), ("ascii", True), ("utf-8", False), ("cp437", True)):
        monkeypatch.setattr("sys.__stderr__", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert GraphView().ascii_only is drawn


async def test_ascii_is_a_switch_that_keeps_the_selection():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)):
        app.view.select("Response")
        app.view.action_ascii()
        assert text(app.view).isascii()
        assert app.view.selected == "Response"
        app.view.action_ascii()
        assert not text(app.view).isascii()


async def test_the_map_stands_beside_the_scrollbars_and_not_behind_them():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        window = app.view.window
        corner = text(app.view).splitlines()[window.height - 1]
        assert (window.width, window.height) != (60, 24)
        assert corner.endswith("╯")


async def test_walking_begins_at_the_active_step():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.focus()
        app.view.set_overlay(Overlay(states={"Step55": Mark.PAUSED}))
        await pilot.press("down")
        assert app.told == ["Step55"]


async def test_walking_begins_with_the_first_step_on_the_screen_where_none_is_active():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.focus()
        app.view.action_pan(0, 40)
        await pilot.press("down")
        assert app.told[0] in text(app.view)
        assert app.view.scroll_offset.y == 40


async def test_the_active_step_stays_in_sight_when_the_graph_is_turned():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.set_overlay(Overlay(states={"Step40": Mark.PAUSED}))
        for _ in range(3):
            app.view.action_toggle_direction()
            await pilot.pause()
            assert "Step40" in text(app.view)


async def settled(app, pilot):
    while app.view.is_laying_out:
        await pilot.pause(0.01)


async def test_a_large_process_is_laid_out_while_the_screen_goes_on():
    app = Stage(pipeline(200, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        assert "laying out 200 steps" in text(app.view)
        await settled(app, pilot)
        assert "laying out" not in text(app.view)
        assert "Step00" in text(app.view)


async def test_what_was_asked_for_last_is_shown_however_long_the_others_take():
    app = Stage(pipeline(100, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.zoom = Zoom.FULL
        app.view.zoom = Zoom.BOXES
        app.view.set_graph(*pipeline(90, seed=3))
        await settled(app, pilot)
        await pilot.pause(0.3)
        assert len(app.view.picture.boxes) == 90


async def test_a_selection_made_during_the_layout_is_brought_into_view():
    app = Stage(pipeline(100, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.select("Step70")
        await settled(app, pilot)
        assert "Step70" in text(app.view)


async def test_the_wheel_moves_the_picture_and_stops_following():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot._post_mouse_events([MouseScrollDown], widget=GraphView, offset=(20, 10))
        await pilot.pause()
        assert not app.view.follow
        assert app.view.scroll_offset.y > 0


async def test_a_selected_box_has_a_heavy_border():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)):
        app.view.select("Response")
        assert "┃" in text(app.view)
        app.view.select(None)
        assert "┃" not in text(app.view)


@pytest.mark.parametrize("what", ["Intro", "UserInput", "Response"])
async def test_a_click_on_a_step_selects_it(what):
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.click(GraphView, offset=on_screen(app.view, what) + Offset(2, 1))
        assert app.told == [what]
        assert app.view.selected == what


async def test_a_click_on_a_label_selects_its_route():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.click(GraphView, offset=on_screen(app.view, "r3"))
        assert app.told == [("r3", "UserInputReceived")]


async def test_a_click_on_an_entry_selects_the_route_it_begins():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.click(GraphView, offset=on_screen(app.view, "r0"))
        assert app.told == [("r0", "startProcess")]


async def test_a_click_beside_everything_selects_nothing():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.click(GraphView, offset=(0, 0))
        assert app.told == []


async def test_arrow_keys_walk_along_the_routes():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)) as pilot:
        app.view.focus()
        await pilot.press("down", "down", "down", "up")
        assert app.told == ["Intro", "UserInput", "Response", "UserInput"]


async def test_an_arrow_key_with_no_step_that_way_moves_the_picture():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(40, 12)) as pilot:
        app.view.focus()
        app.view.select("Step59")
        await pilot.press("down")
        assert app.told == []


async def test_hovering_explains_the_route_in_words():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.hover(GraphView, offset=on_screen(app.view, "r3"))
        assert app.view.tooltip.plain == "UserInput: UserInputReceived -> Response.work"


async def test_panning_moves_the_picture_and_stops_following():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.focus()
        await pilot.press("shift+down")
        assert app.view.scroll_offset.y == 4
        assert not app.view.follow


async def test_dragging_moves_the_picture_and_selects_nothing():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.mouse_down(GraphView, offset=(30, 15))
        await pilot.hover(GraphView, offset=(30, 9))
        await pilot.mouse_up(GraphView, offset=(30, 9))
        await pilot.click(GraphView, offset=(0, 0))
        assert app.view.scroll_offset.y == 6
        assert app.told == []


async def test_the_step_that_becomes_active_is_brought_into_view():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)):
        app.view.set_overlay(Overlay(states={"Step55": Mark.RUNNING}))
        assert "Step55" in text(app.view)


async def test_a_reader_who_moved_away_is_left_alone():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)):
        app.view.action_pan(0, 2)
        app.view.set_overlay(Overlay(states={"Step55": Mark.RUNNING}))
        assert app.view.scroll_offset.y == 2


async def test_the_map_is_there_only_when_the_picture_does_not_fit():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(120, 40)) as pilot:
        assert "▪" in text(app.view)
        app.view.action_toggle_map()
        assert "▪" not in text(app.view)
        app.view.action_toggle_map()
        app.view.set_graph(*CHATBOT)
        await pilot.pause()
        assert "▪" not in text(app.view)


async def test_a_click_on_the_map_goes_there():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.click(GraphView, offset=(app.view.size.width - 10, app.view.size.height - 3))
        assert "Step59" in text(app.view)


async def test_folding_turns_a_nested_process_into_one_box_and_back():
    app = Stage(CASES["deep"])
    async with app.run_test(size=(120, 80)):
        app.view.select("Plant/Line/Robot")
        app.view.action_fold()
        assert "Plant/Line/Robot" not in app.view.picture.boxes
        assert app.view.selected == "Plant/Line"
        app.view.action_fold()
        assert "Plant/Line/Robot" in app.view.picture.boxes


async def test_a_second_click_on_a_nested_process_folds_it():
    app = Stage(CASES["deep"])
    async with app.run_test(size=(120, 80)) as pilot:
        for _ in range(2):
            await pilot.click(GraphView, offset=on_screen(app.view, "Plant/Line") + Offset(4, 1))
        assert app.view.folded == {"Plant/Line"}


async def test_zooming_goes_through_three_sizes_and_fitting_chooses_again():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)):
        fitted = app.view.zoom
        seen = []
        for action in (app.view.action_zoom_out, app.view.action_zoom_out, app.view.action_zoom_in):
            action()
            seen.append(app.view.zoom)
        assert seen == [Zoom.BOXES, Zoom.CHIPS, Zoom.BOXES]
        app.view.action_fit()
        assert app.view.zoom is fitted is Zoom.FULL


async def test_turning_changes_the_direction():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)):
        before = app.view.direction
        app.view.action_toggle_direction()
        assert {before, app.view.direction} == set(Direction)


async def test_what_is_selected_stays_in_view_when_the_size_of_steps_changes():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)):
        app.view.select("Step40")
        app.view.action_zoom_in()
        assert "Step40" in text(app.view)


async def test_a_changed_process_keeps_selection_folds_and_scroll_position():
    nodes, edges = pipeline(60, seed=2)
    app = Stage((nodes, edges))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.select("Step30")
        await pilot.pause()
        at = app.view.scroll_offset
        app.view.set_graph(nodes, edges[:-1])
        await pilot.pause()
        assert app.view.selected == "Step30"
        assert app.view.scroll_offset == at


async def test_the_same_process_again_is_not_drawn_again():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)):
        picture = app.view.picture
        app.view.set_graph(list(CHATBOT[0]), tuple(CHATBOT[1]))
        assert app.view.picture is picture


async def test_hostile_names_are_shown_and_never_obeyed():
    names = ["\x1b[2Jboom", "[/x]", "[@click=app.quit]go[/]", "a\u202eb", "日本語の手順", "x" * 200]
    nodes = [Node(name, name, StepKind.STEP, ("work",), {}) for name in names]
    edges = [
        Edge(f"r{n}", "", SourceKind.EVENT, a, "[/nope]\x07", b, "work") for n, (a, b) in enumerate(pairwise(names))
    ]
    app = Stage((nodes, edges))
    async with app.run_test(size=(100, 60)) as pilot:
        app.view.zoom = Zoom.BOXES
        app.view.set_overlay(Overlay(waiting={"[/x]": "\x1b[1m"}, states={"[/x]": Mark.WAITING}))
        await pilot.hover(GraphView, offset=on_screen(app.view, "r0"))
        await pilot.pause()
        screen = text(app.view)
        assert "\x1b" not in screen
        assert "\u202e" not in screen
        assert "[/x]" in screen
        assert "日本語の手順" in screen


async def test_every_row_is_just_as_wide_as_the_screen_wherever_it_is_cut():
    nodes, edges = process("日本語の手順 -とても長い名前-> もう一つの段階\nもう一つの段階 -e-> 日本語の手順")
    app = Stage((nodes, edges))
    async with app.run_test(size=(14, 8)):
        for x in range(20):
            app.view.scroll_to(x, 0, animate=False, immediate=True)
            widths = {app.view.render_line(y).cell_length for y in range(app.view.size.height)}
            assert widths == {app.view.scrollable_size.width}


async def test_the_ascii_view_shows_nothing_but_ascii():
    app = Stage(CHATBOT, ascii_only=True)
    async with app.run_test(size=(120, 40)):
        app.view.set_overlay(
            Overlay(
                states={"Response": Mark.FAILED, "Intro": Mark.DONE},
                counts={"Intro": 3},
                breakpoints=frozenset({"Exit"}),
                lit=frozenset({"r3"}),
                forced=frozenset({"r4"}),
                selected="UserInput",
            )
        )
        assert text(app.view).isascii()


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "nord"])
async def test_a_new_theme_changes_colours_and_no_text(theme):
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)) as pilot:
        if theme not in app.available_themes:
            theme = "textual-ansi"
        app.view.set_overlay(Overlay(states={"Intro": Mark.RUNNING}))
        before = text(app.view)
        app.theme = theme
        await pilot.pause()
        assert text(app.view) == before


async def test_no_process_is_an_empty_screen():
    app = Stage(([], []))
    async with app.run_test(size=(40, 10)) as pilot:
        app.view.focus()
        await pilot.press("down", "left")
        app.view.action_fit()
        app.view.action_zoom_in()
        app.view.action_fold()
        assert text(app.view).strip() == ""


async def test_a_selection_that_the_app_does_not_make_is_kept():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 40)):
        app.view.select("Intro")
        app.view.set_overlay(Overlay(states={"Intro": Mark.RUNNING}))
        assert app.view.selected == "Intro"
        app.view.set_overlay(replace(app.view.overlay, selected="Response"))
        assert app.view.selected == "Response"


async def test_nested_processes_are_folded_where_the_whole_can_be_seen_only_so():
    app = Stage(CASES["deep"])
    async with app.run_test(size=(60, 9)) as pilot:
        assert {"Intake", "Plant", "Deliver"} == set(app.view.picture.boxes)
        await pilot.resize_terminal(120, 60)
        assert "Plant/Line/Robot" in app.view.picture.boxes


async def test_only_the_innermost_process_is_folded_where_that_is_enough():
    app = Stage(CASES["deep"])
    async with app.run_test(size=(60, 19)):
        assert app.view.folded == {"Plant/Line"}


async def test_a_process_that_the_reader_unfolded_stays_so_in_a_low_panel():
    app = Stage(CASES["deep"])
    async with app.run_test(size=(60, 9)) as pilot:
        app.view.action_fold("Plant")
        await pilot.pause()
        assert "Plant/Cut" in app.view.picture.boxes
        await pilot.resize_terminal(61, 9)
        assert "Plant/Cut" in app.view.picture.boxes


async def test_a_low_panel_is_left_without_a_map_unless_it_is_asked_for():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(80, 13)):
        assert "▪" not in text(app.view)
        app.view.action_toggle_map()
        assert "▪" in text(app.view)
        app.view.action_toggle_map()
        assert "▪" not in text(app.view)


WAITING = Overlay(
    states={"Write": Mark.WAITING},
    waiting={"Write": "1/3 needs facts, images"},
    came=frozenset({"r4"}),
    awaited=frozenset({"r5", "r6"}),
)


async def test_a_chip_too_says_for_how_many_of_its_inputs_it_waits():
    app = Stage(CASES["documents"])
    async with app.run_test(size=(120, 60)):
        app.view.zoom = Zoom.CHIPS
        assert "Write 1/3" not in text(app.view)
        app.view.set_overlay(WAITING)
        assert "◔Write 1/3" in text(app.view)


@pytest.mark.parametrize("zoom", Zoom)
async def test_routes_into_a_join_say_which_of_them_have_brought_a_value(zoom):
    app = Stage(CASES["documents"])
    async with app.run_test(size=(120, 60)):
        app.view.zoom = zoom
        assert "Ready → facts" in text(app.view)
        app.view.set_overlay(WAITING)
        for label in ("Ready ✓ outline", "Ready · facts", "Ready · images", "Rejected → outline"):
            assert label in text(app.view)
        app.view.set_overlay(Overlay())
        assert "Ready → outline" in text(app.view)


async def test_routes_into_a_join_say_so_in_ascii_too():
    app = Stage(CASES["documents"], ascii_only=True)
    async with app.run_test(size=(120, 60)):
        app.view.set_overlay(WAITING)
        assert "Ready +> outline" in text(app.view)
        assert "Ready .> facts" in text(app.view)


async def test_states_and_lit_routes_have_colours_of_their_own():
    app = Stage(CHATBOT)
    async with app.run_test(size=(120, 60)):
        colours = {app.view.get_component_rich_style(f"graph--{name}").color for name in ("step", "running", "failed")}
        assert len(colours | {app.view.get_component_rich_style("graph--lit").color}) == 4


async def test_the_step_of_an_event_that_the_reader_chose_is_brought_into_sight():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)):
        app.view.action_pan(0, 2)
        app.view.look_at("Step55", chosen=False)
        assert "Step55" not in text(app.view)
        app.view.look_at("Step55", chosen=True)
        assert "Step55" in text(app.view)


async def test_while_the_graph_follows_an_active_step_the_tail_of_the_run_does_not_move_it():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)):
        app.view.set_overlay(Overlay(states={"Step02": Mark.PAUSED}))
        app.view.look_at("Step55", chosen=False)
        assert "Step02" in text(app.view)
        app.view.set_overlay(Overlay())
        app.view.look_at("Step55", chosen=False)
        assert "Step55" in text(app.view)


async def test_what_is_in_the_middle_stays_in_sight_when_nothing_is_selected():
    app = Stage(pipeline(60, seed=2))
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.select("Step40")
        app.view.select(None)
        for action in (app.view.action_zoom_in, app.view.action_toggle_direction, app.view.action_zoom_in):
            action()
            await pilot.pause()
            assert "Step40" in text(app.view)

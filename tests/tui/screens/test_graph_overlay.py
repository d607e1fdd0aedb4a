"""How a run stands, as the graph is overlaid with it."""

from dataclasses import dataclass

from process_core.graph import Edge, SourceKind
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import PausePoint, PendingMessage, Status, WaitingInputs
from tui.graph.render.overlay import Mark
from tui.screens.graph_overlay import chain, forced_edges, inputs_of, lit_edges, nearest_step, overlay_of, paused_edge


@dataclass
class Row:
    seq: int
    type: str = "executor_invoked"
    path: str = ""
    event_id: str | None = None
    route: str | None = None
    function: str | None = None
    causes: tuple[int, ...] = ()


@dataclass
class Count:
    completed: int = 0


IN = Edge("r0", "", SourceKind.INPUT, "", "Go", "A")
AB = Edge("r1", "", SourceKind.EVENT, "A", "Done", "B")
INNER = Edge("r1", "B", SourceKind.EVENT, "B/x", "Done", "B/y")
STOP = Edge("r2", "", SourceKind.EVENT, "B", "Exit", "")
EDGES = (IN, AB, INNER, STOP)


def test_a_chain_goes_back_to_the_outside_input_and_no_further():
    rows = {1: Row(1, "started"), 2: Row(2, causes=(1,)), 3: Row(3, "response", causes=(2,)), 4: Row(4, causes=(3,))}
    assert [row.seq for row in chain(rows[4], rows.get)] == [4, 3]
    assert [row.seq for row in chain(rows[2], rows.get)] == [2, 1]


def test_a_chain_follows_every_input_of_a_join():
    rows = {1: Row(1, "started"), 2: Row(2, causes=(1,)), 3: Row(3, causes=(1,)), 4: Row(4, causes=(2, 3))}
    assert {row.seq for row in chain(rows[4], rows.get)} == {1, 2, 3, 4}


def test_a_chain_survives_a_missing_row_and_a_circle():
    rows = {2: Row(2, causes=(3, 99)), 3: Row(3, causes=(2,))}
    assert {row.seq for row in chain(rows[3], rows.get)} == {2, 3}


def test_travelled_routes_are_lit_in_their_own_process():
    assert lit_edges([Row(5, path="B/y", route="r1")], EDGES) == {INNER.key}
    assert lit_edges([Row(5, path="B", route="r1")], EDGES) == {AB.key}


def test_every_route_into_a_join_is_lit():
    other = Edge("r9", "", SourceKind.EVENT, "C", "Also", "B")
    rows = [
        Row(7, "executor_invoked", path="B", route="r1", causes=(4, 5)),
        Row(4, "event_emitted", path="C", event_id="Also"),
        Row(5, "event_emitted", path="A", event_id="Done"),
    ]
    assert lit_edges(rows, [*EDGES, other]) == {AB.key, other.key}


TAKEN = Edge("t", "", SourceKind.EVENT, "A", "Done", "B", condition="data > 1")
NOT_TAKEN = Edge("n", "", SourceKind.EVENT, "A", "Done", "C", condition="otherwise")
FORK = (TAKEN, NOT_TAKEN)
EMITTED = Row(5, "event_emitted", path="A", event_id="Done")


def test_of_the_routes_of_an_emitted_event_the_one_is_lit_that_carried_it():
    assert lit_edges([EMITTED], FORK, effects=[Row(8, path="B", route="t", causes=(5,))]) == {TAKEN.key}


def test_the_route_of_a_message_that_is_still_to_be_delivered_is_lit():
    message = PendingMessage(id=1, event_id="Done", source="A", target="B", route="t", seq=5)
    assert lit_edges([EMITTED], FORK, pending=[message]) == {TAKEN.key}


def test_no_route_is_lit_of_an_event_that_none_has_carried():
    assert lit_edges([EMITTED], FORK, effects=[Row(8, path="B", route="t", causes=(4,))]) == frozenset()


def test_of_two_routes_into_a_join_that_conditions_choose_from_none_is_guessed():
    left = Edge("l", "", SourceKind.EVENT, "A", "Done", "J", "f", "x", condition="data > 1")
    right = Edge("r", "", SourceKind.EVENT, "A", "Done", "J", "f", "y", condition="otherwise")
    last = Edge("z", "", SourceKind.EVENT, "C", "Also", "J", "f", "z")
    call = Row(9, path="J", route="z", function="f", causes=(5, 6))
    also = Row(6, "event_emitted", path="C", event_id="Also")
    assert lit_edges([call, also, EMITTED], [left, right, last]) == {last.key}
    assert lit_edges([call, also, EMITTED], [left, last]) == {left.key, last.key}


def test_the_edge_of_the_next_message_is_found_to_steps_and_to_stop():
    assert paused_edge(PendingMessage(id=1, event_id="Done", source="A", target="B", route="r1"), EDGES) == AB.key
    assert paused_edge(PendingMessage(id=1, event_id="Exit", source="B", target="", route="r2"), EDGES) == STOP.key
    assert paused_edge(PendingMessage(id=1, event_id="Injected", target="B"), EDGES) is None


def test_a_pause_about_what_has_happened_is_shown_there_and_not_at_the_next_message():
    message = PendingMessage(id=1, event_id="E", target="R")
    after = PausePoint(reason="breakpoint", message=message, path="A", about="A.f completed")
    assert overlay_of(Status(paused=after), {"A": Count(1)}, frozenset()).states == {"A": Mark.PAUSED}
    failed = Status(failed=("F",), paused=PausePoint(reason="breakpoint", path="F", about="F.f failed: X"))
    assert overlay_of(failed, {}, frozenset()).states == {"F": Mark.FAILED}


def test_each_state_of_a_step_has_its_mark_and_the_most_urgent_wins():
    status = Status(
        running=("R",),
        parked=("P",),
        failed=("F",),
        waiting=(WaitingInputs(path="W", function="f", arrived=("a",), missing=("b", "c")),),
        paused=PausePoint(reason="step", message=PendingMessage(id=1, event_id="E", target="R")),
    )
    overlay = overlay_of(status, {"D": Count(2), "F": Count(1), "": Count(9)}, frozenset())
    assert overlay.states == {
        "D": Mark.DONE,
        "F": Mark.FAILED,
        "W": Mark.WAITING,
        "P": Mark.WAITING,
        "R": Mark.PAUSED,
    }
    assert overlay.waiting["W"] == "1/3 needs b, c"
    assert overlay.arrived["W"] == {"a"}
    assert overlay.counts == {"D": 2, "F": 1}


def test_globs_are_drawn_at_every_event_and_step_that_they_fit():
    specs = (BreakpointSpec(event="Do*"), BreakpointSpec(step="B/*"), BreakpointSpec(step="A[*]"))
    drawn = overlay_of(Status(breakpoints=specs), {}, frozenset(), EDGES).breakpoints
    assert drawn >= {"Done", "B/x", "B/y", "A"}
    assert not drawn & {"Go", "Exit", "B"}


def test_breakpoints_that_are_off_are_not_drawn():
    specs = (
        BreakpointSpec(id=1, event="E"),
        BreakpointSpec(id=2, step="S"),
        BreakpointSpec(id=3, event="X", enabled=False),
    )
    assert overlay_of(Status(breakpoints=specs), {}, frozenset()).breakpoints == {"E", "S"}


def test_an_event_of_the_whole_process_belongs_to_the_step_before_it():
    rows = {1: Row(1, path="A"), 2: Row(2), 3: Row(3)}
    assert nearest_step(rows[3], rows.get) == "A"
    assert nearest_step(Row(90), rows.get) == ""


def test_routes_that_only_an_operator_caused_to_be_travelled_are_forced():
    rows = [Row(5, path="B", route="r1", causes=(4,)), Row(4, "operator"), Row(3, path="A", route="r0")]
    assert forced_edges(rows, (), EDGES) == {AB.key}


def test_the_route_of_a_pending_message_that_was_changed_by_hand_is_forced():
    plain = PendingMessage(id=1, event_id="Go", target="A", route="r0")
    edited = PendingMessage(id=2, event_id="Done", source="A", target="B", route="r1", changed=True)
    assert forced_edges((), (plain, edited), EDGES) == {AB.key}


def test_inputs_of_a_waiting_function_are_distinguished_by_their_parameter():
    routes = [Edge(f"r{n}", "", SourceKind.EVENT, "A", f"E{n}", "J", "f", name) for n, name in enumerate("ab")]
    other = Edge("r9", "", SourceKind.EVENT, "A", "X", "J", "g", "a")
    waiting = WaitingInputs(path="J", function="f", arrived=("a",), missing=("b",))
    assert inputs_of([waiting], [*routes, other]) == ({routes[0].key}, {routes[1].key})


def test_inputs_of_an_explicit_join_without_parameters_are_counted():
    routes = [Edge(f"r{n}", "", SourceKind.EVENT, "A", f"E{n}", "J", "f", joined=True) for n in range(2)]
    waiting = WaitingInputs(path="J", function="f", arrived=("input 2",), missing=("input 1",))
    assert inputs_of([waiting], routes) == ({routes[1].key}, {routes[0].key})

"""Surgery on messages: moved, held, dropped, doubled and edited, alone, before a join, and in a nested process."""

import asyncio
import re
from typing import Any

import pytest
from debug_steps import Hold, Pair, Relay, Say, Typed, chain, ended, fan, invoked, of, paused, wrapped
from pydantic import BaseModel

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.debug import EditingError


class Note(Step):
    """Emits what it was given as `Noted`."""

    @function
    async def note(self, context: StepContext, value: Any) -> None:
        await context.emit_event("Noted", value)


class Maybe(Step):
    """Takes a value, and another one if there is one."""

    @function
    async def take(self, value: Any, extra: Any = None) -> Any:
        return [value, extra]


def joining() -> ProcessBuilder:
    """Say emits L, R, L, R; Pair joins them; its results come to End."""
    process = ProcessBuilder("joining")
    say, pair, end = process.add_step(Say), process.add_step(Pair), process.add_step(Relay, name="End")
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    pair.on_function_result().send_event_to(end)
    return process


def typed() -> ProcessBuilder:
    """`go` brings a number."""
    process = ProcessBuilder("typed")
    process.on_input_event("go").send_event_to(process.add_step(Typed))
    return process


def noted() -> ProcessBuilder:
    """Say emits A, B, C, each to Note."""
    process = ProcessBuilder("noted")
    say, note = process.add_step(Say), process.add_step(Note)
    process.on_input_event("go").send_event_to(say)
    for event_id in "ABC":
        say.on_event(event_id).send_event_to(note)
    return process


def ids(debugger, **wanted) -> list[int]:
    return [item.id for item in debugger.pending() if all(getattr(item, k) == v for k, v in wanted.items())]


def names(debugger) -> list[str]:
    return [item.event_id for item in debugger.pending()]


def given(debugger, path) -> list[Any]:
    """Return the arguments of all calls of a step."""
    return [event.data for event in debugger.events if event.type == "executor_invoked" and event.path == path]


def values(debugger, path) -> list[Any]:
    return [next(iter(data.values())) for data in given(debugger, path)]


async def on(debugger) -> str:
    await debugger.continue_()
    return await ended(debugger)


def refused(act, *args, **options) -> str:
    with pytest.raises(EditingError) as error:
        act(*args, **options)
    return error.value.code


@pytest.fixture
async def three(debug):
    """A run that is paused before three messages to one step: A, B and C."""
    debugger = await debug(noted(), {"event": "A", "once": True}, data=["A", "B", "C"])
    await paused(debugger)
    return debugger


@pytest.fixture
async def pairs(debug):
    """A run that is paused before L, R, L, R come to a step that joins them."""
    debugger = await debug(joining(), {"event": "L", "once": True}, data=["L", "R", "L", "R"])
    await paused(debugger)
    return debugger


async def test_a_message_is_delivered_first(three):
    three.editor.move(ids(three)[2])
    assert names(three) == ["C", "A", "B"]
    assert three.paused.message.event_id == "C"
    assert [item.event_id for item in three.pending() if item.next] == ["C"]
    await on(three)
    assert values(three, "Note") == [2, 0, 1]


async def test_a_message_is_moved_to_a_place(three):
    three.editor.move(ids(three)[0], 1)
    assert names(three) == ["B", "A", "C"]
    three.editor.move(ids(three)[0], 99)
    await on(three)
    assert values(three, "Note") == [0, 2, 1]


async def test_going_on_does_not_hit_again_what_was_hit_before_it_was_moved(debug):
    debugger = await debug(noted(), {"event": "A"}, data=["A", "B", "C"])
    await paused(debugger)
    debugger.editor.move(ids(debugger)[0], 2)
    assert await on(debugger) == "IDLE"
    assert len(of(debugger, "breakpoint_hit")) == 1


async def test_a_message_put_first_is_held_against_the_breakpoints(three):
    three.add_breakpoint(event="C")
    three.editor.move(ids(three)[2])
    await three.continue_()
    point = await paused(three)
    assert (point.reason, point.message.event_id) == ("breakpoint", "C")
    await on(three)
    assert values(three, "Note") == [2, 0, 1]


async def test_step_delivers_the_message_that_was_put_first(three):
    three.editor.move(ids(three)[2])
    assert await three.step()
    assert values(three, "Note") == [2]
    assert three.paused.message.event_id == "A"


async def test_a_dropped_message_is_never_delivered(three):
    three.editor.drop(ids(three)[1])
    assert names(three) == ["A", "C"]
    await on(three)
    assert values(three, "Note") == [0, 2]


async def test_all_messages_may_be_dropped(three):
    for number in ids(three):
        three.editor.drop(number)
    assert three.pending() == []
    assert three.paused.message is None
    assert await on(three) == "IDLE"
    assert invoked(three) == ["Say"]


async def test_the_pause_moves_to_the_next_message_when_its_own_is_dropped(three):
    three.editor.drop(ids(three)[0])
    assert (three.paused.message.event_id, three.paused.path) == ("B", "Note")


async def test_a_message_is_delivered_twice(three):
    three.editor.duplicate(ids(three)[0])
    assert names(three) == ["A", "A", "B", "C"]
    assert [item.changed for item in three.pending()] == [False, True, False, False]
    assert len(set(ids(three))) == 4
    await on(three)
    assert values(three, "Note") == [0, 0, 1, 2]


async def test_an_edited_message_is_delivered_with_its_new_payload(three):
    three.editor.edit(ids(three)[1], {"new": [1]})
    assert [item.changed for item in three.pending()] == [False, True, False]
    assert three.pending()[1].data == {"new": [1]}
    await on(three)
    assert values(three, "Note") == [0, {"new": [1]}, 2]


async def test_a_payload_that_does_not_fit_is_refused_and_changes_nothing(debug):
    debugger = await debug(typed(), paused=True, data=7)
    await paused(debugger)
    before = debugger.pending(), len(debugger.events)
    with pytest.raises(EditingError, match=r"parameter 'value': expected int, got str") as refusal:
        debugger.editor.edit(ids(debugger)[0], "seven")
    assert refusal.value.code == "payload_mismatch"
    assert (debugger.pending(), len(debugger.events)) == before
    await on(debugger)
    assert values(debugger, "Typed") == [7]


class Author(BaseModel):
    name: str = ""


class Book(BaseModel):
    title: str = ""
    authors: list[Author] = []
    by_shop: dict[str, Author | None] = {}


class Shelf(Step):
    @function
    async def put(self, book: Book | None, more: list[Book] | None = None) -> Book | None:
        return book


@pytest.mark.parametrize(
    ("data", "field", "hint"),
    [
        ({"titel": 3}, "titel", "did you mean 'title'?"),
        ({"title": "x", "authors": [{"nmae": "y"}]}, "authors.0.nmae", "did you mean 'name'?"),
        ({"by_shop": {"a": None, "b": {"nam": "y"}}}, "by_shop.b.nam", "did you mean 'name'?"),
    ],
    ids=str,
)
@pytest.mark.parametrize("how", ["edit", "inject"])
async def test_a_field_that_a_payloads_type_does_not_have_is_refused_with_what_was_meant(debug, data, field, hint, how):
    process = ProcessBuilder("shelf")
    process.on_input_event("go").send_event_to(process.add_step(Shelf), parameter="book")
    debugger = await debug(process, data=Book(title="kept"), paused=True)
    message = (await paused(debugger)).message
    with pytest.raises(EditingError, match=re.escape(f"has no field {field!r} ({hint})")) as refused:
        debugger.editor.edit(message.id, data) if how == "edit" else debugger.editor.inject("go", data)
    assert refused.value.code == "payload_mismatch"
    debugger.editor.edit(message.id, {"title": "new", "authors": [{"name": "y"}], "by_shop": {"a": None}})
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    results = [event.data for event in of(debugger, "executor_completed")]
    assert results == [Book(title="new", authors=[Author(name="y")], by_shop={"a": None})]


async def test_a_payload_becomes_what_the_parameter_wants(debug):
    debugger = await debug(typed(), paused=True, data=7)
    await paused(debugger)
    debugger.editor.edit(ids(debugger)[0], "8")
    await on(debugger)
    assert values(debugger, "Typed") == [8]


async def test_a_payload_that_did_not_fit_may_be_mended(debug):
    debugger = await debug(typed(), paused=True, data="x")
    await paused(debugger)
    debugger.editor.edit(ids(debugger)[0], 8)
    assert await on(debugger) == "IDLE"
    assert values(debugger, "Typed") == [8]


async def test_an_edited_message_of_a_join_changes_that_argument_alone(pairs):
    pairs.editor.edit(ids(pairs, event_id="R")[0], "edited")
    await on(pairs)
    assert given(pairs, "Pair") == [{"left": 0, "right": "edited"}, {"left": 2, "right": 3}]


async def test_dropping_a_message_of_a_join_leaves_its_partner_waiting(pairs):
    pairs.editor.drop(ids(pairs, event_id="R")[0])
    await on(pairs)
    assert given(pairs, "Pair") == [{"left": 0, "right": 3}]
    (warning,) = of(pairs, "warning")
    assert warning.details["code"] == "missing_input"


async def test_dropping_a_message_gives_back_a_partner_that_came_earlier(debug):
    debugger = await debug(joining(), {"event": "R"}, data=["L"])
    assert await ended(debugger) == "IDLE"
    await debugger.run.send_event("go", ["R"])
    await paused(debugger)
    assert [w.missing for w in debugger.live().waiting] == []
    debugger.editor.drop(ids(debugger)[0])
    assert [(w.path, w.arrived, w.missing) for w in debugger.live().waiting] == [("Pair", ("left",), ("right",))]
    await on(debugger)
    assert given(debugger, "Pair") == []
    await debugger.run.send_event("go", ["X", "R"])
    await paused(debugger)
    await on(debugger)
    assert given(debugger, "Pair") == [{"left": 0, "right": 1}]


async def test_the_order_of_a_join_follows_the_order_of_its_messages(pairs):
    second = ids(pairs, event_id="R")[1]
    pairs.editor.move(second)
    await on(pairs)
    assert given(pairs, "Pair") == [{"left": 0, "right": 3}, {"left": 2, "right": 1}]


async def test_a_doubled_message_joins_the_next_partner(pairs):
    pairs.editor.duplicate(ids(pairs, event_id="L")[0])
    await on(pairs)
    assert given(pairs, "Pair") == [{"left": 0, "right": 1}, {"left": 0, "right": 3}]


async def test_what_a_call_was_given_already_cannot_be_changed(debug):
    process = ProcessBuilder("maybe")
    say, maybe = process.add_step(Say), process.add_step(Maybe)
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(maybe, parameter="value")
    say.on_event("B").send_event_to(maybe, parameter="extra")
    debugger = await debug(process, {"event": "B"}, data=["A", "B"])
    await paused(debugger)
    (number,) = ids(debugger)
    assert refused(debugger.editor.drop, number) == "already_used"
    assert refused(debugger.editor.edit, number, 1) == "already_used"
    await on(debugger)
    assert given(debugger, "Maybe") == [{"value": 0, "extra": 1}]


async def test_a_message_of_a_nested_process_is_changed_there(debug):
    debugger = await debug(wrapped(chain("X", "Y", name="inner")), {"step": "inner/Y", "once": True}, data=1)
    await paused(debugger)
    (number,) = ids(debugger, target="inner/Y")
    debugger.editor.edit(number, 40)
    debugger.editor.duplicate(number)
    await on(debugger)
    assert values(debugger, "inner/Y") == [40, 40]
    assert {event.path for event in of(debugger, "operator")} == {"inner/Y"}


async def test_messages_of_two_processes_do_not_mix(debug):
    debugger = await debug(
        wrapped(chain("X", "Y", name="a"), chain("P", "Q", name="b")), {"step": "b/P", "once": True}, data=1
    )
    await paused(debugger)
    number = ids(debugger, target="b/P")[0]
    debugger.editor.move(number, 5)
    debugger.editor.drop(number)
    await on(debugger)
    assert "b/P" not in invoked(debugger)
    assert "a/Y" in invoked(debugger)


async def test_an_unknown_message_is_refused(three):
    for number in (0, -1, 99, 2**70):
        assert refused(three.editor.drop, number) == "unknown_message"
        assert refused(three.editor.move, number) == "unknown_message"
        assert refused(three.editor.edit, number, 1) == "unknown_message"
        assert refused(three.editor.hold, number) == "unknown_message"


async def test_a_delivered_message_is_refused(three):
    first = ids(three)[0]
    await three.step()
    assert refused(three.editor.drop, first) == "unknown_message"


async def test_a_run_that_goes_on_is_not_operated(debug):
    opened = asyncio.Event()
    process = ProcessBuilder("hold")
    step = process.add_step(Hold, factory=lambda: Hold(opened))
    process.on_input_event("go").send_event_to(step)
    debugger = await debug(process)
    assert refused(debugger.editor.drop, 1) == "not_paused"
    assert refused(debugger.editor.inject, "go", 1) == "not_paused"
    assert refused(debugger.editor.undo) == "not_paused"
    opened.set()
    debugger.run.cancel()
    await ended(debugger)
    assert refused(debugger.editor.inject, "go", 1) == "run_ended"


async def test_each_act_is_one_operator_event(three):
    first, second, third = ids(three)
    seqs = [item.seq for item in three.pending()]
    acts = [
        three.editor.move(third),
        three.editor.hold(second),
        three.editor.duplicate(first),
        three.editor.edit(third, "new"),
        three.editor.drop(first),
        three.editor.undo(),
    ]
    events = of(three, "operator")
    assert [event.seq for event in events] == [act.seq for act in acts]
    assert [event.details["code"] for event in events] == ["move", "hold", "duplicate", "edit", "drop", "undo"]
    move, _, _, edit, _, undo = events
    assert (move.path, move.step, move.function, move.event_id, move.causes) == (
        "Note",
        "Note",
        "note",
        "C",
        (seqs[2],),
    )
    assert (edit.data, edit.details["before"], edit.details["after"]) == ("new", 2, "new")
    assert undo.details["undoes"] == events[4].seq


async def test_what_an_edited_message_leads_to_has_the_act_among_its_causes(three):
    act = three.editor.edit(ids(three)[1], "new")
    await on(three)
    call = next(e for e in three.events if e.type == "executor_invoked" and e.data == {"value": "new"})
    assert act.seq in call.causes


async def test_a_fan_loses_only_what_was_dropped(debug):
    debugger = await debug(fan("A", "B", "C"), {"step": "End", "once": True}, data=1)
    await paused(debugger)
    debugger.editor.drop(ids(debugger)[1])
    await on(debugger)
    assert [event.event_id for event in of(debugger, "executor_invoked") if event.path == "End"] == ["ADone", "CDone"]

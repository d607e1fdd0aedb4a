"""Watchpoints: a pause where a value in the state of a step has changed."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from debug_steps import Keep, Pair, ended, of, paused
from pydantic import BaseModel

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.debug import BreakpointError, Debugger
from process_core.predicate import PredicateError


class Line(BaseModel):
    name: str
    price: int


class CartState(BaseModel):
    total: int = 0
    lines: list[Line] = []
    note: str | None = None


class Cart(Step[CartState]):
    """Adds a line for each price above zero, in place."""

    @function
    async def add(self, context: StepContext, price: int) -> None:
        if price > 0:
            self.state.lines.append(Line(name=f"line {len(self.state.lines)}", price=price))
            self.state.total += price
        if price < 5:
            await context.emit_event("Next", price + 2)


@dataclass
class Talk:
    said: list[str] = field(default_factory=list)


class Asks(Step[Talk]):
    @function
    async def ask(self, context: StepContext, value: Any) -> None:
        self.state.said.append("asked")
        await context.request_info("?")


class Spoils(Step[dict]):
    @function
    async def spoil(self, value: int) -> None:
        self.state["n"] = value
        raise ValueError(value)


def shop(name: str = "shop") -> ProcessBuilder:
    process = ProcessBuilder(name)
    cart = process.add_step(Cart)
    process.on_input_event("go").send_event_to(cart)
    cart.on_event("Next").send_event_to(cart)
    return process


def watch(state: str | None = None, step: str = "Cart", **more: Any) -> dict[str, Any]:
    return {"kind": "state", "step": step, "state": state, **more}


async def stops(debugger: Debugger) -> list[str]:
    found = []
    while await debugger.wait():
        found.append(debugger.paused.about)
        debugger.release("continue")
    return found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (watch("total"), ["state Cart.total: 0 → 2", "state Cart.total: 2 → 6", "state Cart.total: 6 → 12"]),
        (watch("lines[0].price"), ["state Cart.lines[0].price: nothing → 2"]),
        (watch("lines[-1]['price']", hits=">=2"), [f"state Cart.lines[-1]['price']: {n} → {n + 2}" for n in (2, 4)]),
        (watch("note"), []),
        (watch("total", condition="data > 2", hits="==2"), ["state Cart.total: 6 → 12"]),
        (watch("total", once=True), ["state Cart.total: 0 → 2"]),
        (
            watch("total", step="*", condition="function == 'add' and path == 'Cart' and data == 6"),
            ["state Cart.total: 2 → 6"],
        ),
    ],
    ids=str,
)
async def test_a_watchpoint_pauses_after_the_call_that_changed_the_value_and_shows_both(debug, given, said):
    debugger = await debug(shop(), given)
    assert await stops(debugger) == said
    assert [event.data for event in of(debugger, "breakpoint_hit")] == said


async def test_the_whole_state_can_be_watched_and_a_change_in_place_counts(debug):
    debugger = await debug(shop(), watch())
    point = await paused(debugger)
    assert (point.path, point.function, debugger.events[point.seq - 1].type) == ("Cart", "add", "executor_completed")
    assert point.about.startswith("state Cart: CartState(total=0")
    assert len(await stops(debugger)) == 3


async def test_a_step_of_a_nested_process_is_watched_over_its_calls(debug):
    process = ProcessBuilder("outer")
    nested = process.add_process(shop("inner"))
    process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    debugger = await debug(process, watch("total", step="*/Cart"))
    assert await stops(debugger) == [f"state inner/Cart.total: {a} → {b}" for a, b in ((0, 2), (2, 6), (6, 12))]


async def test_what_a_call_changed_before_it_asked_is_seen_while_it_waits(debug):
    process = ProcessBuilder("asking")
    process.on_input_event("go").send_event_to(process.add_step(Asks))
    debugger = await debug(process, watch("said", step="Asks"))
    assert (await paused(debugger)).about == "state Asks.said: [] → ['asked']"
    debugger.release("continue")
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"


async def test_what_a_failed_call_left_counts_and_what_was_rolled_back_does_not(debug):
    for handled in (False, True):
        process = ProcessBuilder("spoiling")
        spoils = process.add_step(Spoils, initial_state={"n": 0})
        process.on_input_event("go").send_event_to(spoils)
        if handled:
            spoils.on_function_error().send_event_to(process.add_step(Keep))
        debugger = await debug(process, watch("n", step="Spoils"), data=7)
        assert await stops(debugger) == ([] if handled else ["state Spoils.n: 0 → 7"])


async def test_what_is_done_by_hand_does_not_pause_and_is_what_the_next_change_is_compared_with(debug):
    debugger = await debug(shop(), watch("total"), data=3)
    await paused(debugger)
    debugger.editor.edit_state("Cart", {"total": 100, "lines": []})
    debugger.release("continue")
    assert await stops(debugger) == ["state Cart.total: 100 → 105"]


async def test_a_watchpoint_set_or_unmuted_in_the_middle_counts_from_there(debug):
    debugger = await debug(shop(), {"event": "Next", "hits": "==2"}, watch("total"))
    debugger.muted = True
    debugger.muted = False
    assert (await paused(debugger)).about == "state Cart.total: 0 → 2"
    debugger.muted = True
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    debugger.muted = False
    await debugger.run.send_event("go", 5)
    assert await stops(debugger) == ["state Cart.total: 12 → 17"]


async def test_a_log_at_a_watchpoint_has_the_new_value_and_does_not_pause(debug):
    debugger = await debug(shop(), watch("total", log="{path} now has {data}"), data=3)
    assert await ended(debugger) == "IDLE"
    assert [event.data for event in of(debugger, "log")] == ["Cart now has 3", "Cart now has 8"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (watch("totl"), "the state of 'Cart' has no field 'totl' (did you mean 'total'?)"),
        (watch("total", step="Cort"), "no step matches 'Cort' (did you mean 'Cart'?)"),
        (watch(step="Pair"), "'Pair' has no state of its own"),
    ],
    ids=str,
)
def test_a_watchpoint_that_can_see_nothing_says_why(given, problem):
    process = shop()
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(pair, parameter="left")
    process.on_input_event("other").send_event_to(pair, parameter="right")
    point = Debugger(process.build()).add_breakpoint(**given)
    assert (point.bound, point.problem) == (False, problem)


@pytest.mark.parametrize("path", ["total + 1", "lines[i]", "len(lines)", "a b", "total)", "lines[0"])
def test_a_path_in_a_state_has_fields_and_indexes_only(path):
    with pytest.raises((BreakpointError, PredicateError), match="is not a path in a state"):
        Debugger(shop().build()).add_breakpoint(**watch(path))


def test_a_watchpoint_needs_a_step_and_takes_no_event():
    debugger = Debugger(shop().build())
    with pytest.raises(BreakpointError, match="needs the step"):
        debugger.add_breakpoint(kind="state", state="total")
    with pytest.raises(BreakpointError, match="has no event: give step or state"):
        debugger.add_breakpoint(kind="state", step="Cart", event="go")
    with pytest.raises(BreakpointError, match="has no state"):
        debugger.add_breakpoint(kind="error", state="total")

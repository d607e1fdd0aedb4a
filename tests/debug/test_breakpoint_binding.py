"""Which breakpoints can match anything in a process, and what was meant by those that cannot."""

from enum import Enum

import pytest
from debug_steps import Relay, Say, chain, deep, loop

from process_core import ProcessBuilder
from process_core.debug import Debugger


class Ids(Enum):
    DONE = "XDone"


def everything() -> ProcessBuilder:
    """The nested processes of `deep`, a map, a stop and an error route."""
    process = deep()
    say = process.add_step(Say, name="Say")
    mapped = process.add_map_step(Relay, name="Map")
    process.on_input_event("more").send_event_to(say)
    process.on_input_event("list").send_event_to(mapped)
    say.on_event("Halt").stop_process()
    process.on_error().send_event_to(say)
    return process


BOUND = [
    {"event": "go"},
    {"event": "XDone"},
    {"event": Ids.DONE},
    {"event": "Halt"},
    {"event": "OnError"},
    {"event": "relay.OnError"},
    {"event": "anything", "when": "emit"},
    {"event": "relay.OnResult", "when": "emit"},
    {"event": "relay.OnResult", "when": "after"},
    {"event": "OnResult", "step": "outer", "when": "after"},
    {"event": "go", "step": "outer/inner"},
    {"step": "outer/inner/*"},
    {"step": "**/X"},
    {"step": "Map[7]", "when": "after"},
    {"step": "Map[7]"},
    {"step": "Map[*]"},
    {"step": "M*[7]", "function": "relay"},
    {"event": "XD*"},
    {"event": "*Done", "step": "outer/**"},
    {"event": "Map.relay.OnResult", "when": "emit"},
    {"event": "Map.relay.OnError", "when": "emit"},
    {"event": "outer/inner/X.relay.OnResult", "when": "emit"},
    {"event": "outer.OnResult", "when": "emit"},
    {"event": "*.OnResult", "when": "emit"},
    {"function": "relay"},
    {"function": "go", "step": "outer"},
    {"function": "say", "event": "more", "when": "after"},
]
UNBOUND = [
    ({"event": "XDome"}, "'XDome'", "did you mean 'XDone'?"),
    ({"event": "relay.OnResult"}, "'relay.OnResult'", "did you mean"),
    ({"event": "XDone", "when": "after", "step": "Say"}, "'XDone'", "'Say'"),
    ({"event": "Never", "when": "after"}, "'Never'", ""),
    ({"step": "outer/iner/X"}, "no step matches 'outer/iner/X'", "did you mean 'outer/inner/X'?"),
    ({"step": "inner/*"}, "no step matches 'inner/*'", ""),
    ({"step": "qqq"}, "no step matches 'qqq'", "there is 'A'"),
    ({"step": "*/Y"}, "no step matches '*/Y'", "did you mean '**/Y'?"),
    ({"step": "x"}, "no step matches 'x'", "did you mean '**/X'?"),
    ({"step": "Map[7]", "event": "list"}, "all of 'list', 'Map[7]'", ""),
    ({"step": "A[7]"}, "'A' is not a map step, so it has no elements", ""),
    ({"step": "Mop[*]"}, "no step matches 'Mop[*]'", "did you mean 'Map'?"),
    ({"step": "*/Y2"}, "no step matches '*/Y2'", "did you mean '**/Y'?"),
    ({"step": "*/Zz"}, "no step matches '*/Zz'", "did you mean '*/Z'?"),
    ({"step": "**/Y2"}, "no step matches '**/Y2'", "did you mean '**/Y'?"),
    ({"event": "Xdon*"}, "no route carries 'Xdon*'", "did you mean 'XDone'?"),
    ({"event": "Map.relais.OnResult", "when": "emit"}, "no route carries 'Map.relais.OnResult'", "did you mean"),
    ({"function": "relais"}, "no function 'relais'", "did you mean 'relay'?"),
    ({"route": "nope"}, "no route 'nope'", ""),
    ({"event": "XDone", "step": "A"}, "all of 'XDone', 'A'", ""),
    ({"function": "say", "step": "A", "when": "emit"}, "all of 'A', 'say'", ""),
]


@pytest.mark.parametrize("given", BOUND, ids=str)
def test_a_breakpoint_that_can_match_is_bound(given):
    point = Debugger(everything().build()).add_breakpoint(**given)
    assert (point.bound, point.problem) == (True, None)


@pytest.mark.parametrize(("given", "problem", "hint"), UNBOUND, ids=str)
def test_a_breakpoint_that_can_match_nothing_is_kept_and_says_why(given, problem, hint):
    debugger = Debugger(everything().build())
    point = debugger.add_breakpoint(**given)
    assert debugger.breakpoints == (point,)
    assert not point.bound
    assert problem in point.problem
    assert hint in point.problem


async def test_an_unbound_breakpoint_never_stops(debug):
    debugger = await debug(loop(), {"event": "CuontDone"})
    assert not await debugger.wait()


def test_breakpoints_are_numbered_in_the_order_they_were_added_and_no_number_comes_again():
    debugger = Debugger(chain("A").build())
    first, second = debugger.add_breakpoint(step="A"), debugger.add_breakpoint(event="go")
    debugger.remove_breakpoint(second.id)
    third = debugger.add_breakpoint(event="go")
    assert [point.id for point in debugger.breakpoints] == [first.id, third.id]
    assert third.id > second.id > first.id

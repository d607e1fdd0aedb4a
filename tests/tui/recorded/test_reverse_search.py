"""Finding, in a recording, where a breakpoint would have stopped; and what a fork runs again."""

from collections import Counter

import pytest

from process_core.runfile import RunFile, superstep_end
from process_core.session.protocol.breakpoints import BreakpointSpec
from sample_processes import nested_order
from tui.recorded.reverse_search import find_back, wanted_by, wanted_of


@pytest.fixture
async def order(tmp_path):
    path = tmp_path / "order.run"
    await nested_order.build().run("OrderPlaced", run_file=path)
    with RunFile(path) as file:
        yield file


def rows(file, *wanted, start=None):
    """Return all that is found, going back from the end."""
    seq, found = start or file.count() + 1, []
    while True:
        seq = find_back(file, seq, wanted)
        if seq is None:
            return found
        found.append(file.row(seq))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"event": "ItemPicked"}, [("executor_invoked", "Fulfilment/Picker")] * 2),
        ({"event": "Item*"}, [("executor_invoked", "Fulfilment/Picker")] * 2),
        ({"event": "*Picked", "when": "after", "function": "pack"}, [("executor_completed", "Fulfilment/Packer")]),
        ({"step": "*/Pack*"}, [("executor_invoked", "Fulfilment/Packer")]),
        ({"function": "ship"}, [("executor_invoked", "Shipping")]),
        ({"route": "PackOrder -> Picker.pick(order)"}, [("executor_invoked", "Fulfilment/Picker")]),
        ({"event": "ItemPicked", "when": "emit"}, [("event_emitted", "Fulfilment/Picker")] * 2),
        ({"event": "AllPicked", "when": "after"}, [("executor_completed", "Fulfilment/Packer")]),
        ({"step": "Shipping", "condition": 'data == "parcel 1: lamp, desk"'}, [("executor_invoked", "Shipping")]),
        ({"step": "Shipping", "condition": 'data == "another"'}, []),
        ({"event": "ItemPicked", "condition": "data.number == 1"}, [("executor_invoked", "Fulfilment/Picker")] * 2),
        ({"event": "PackOrder", "condition": "source is None"}, [("executor_invoked", "Fulfilment/Picker")]),
        ({"step": "Shipping", "condition": "source == 'Fulfilment'"}, [("executor_invoked", "Shipping")]),
        ({"kind": "quiescence"}, [("status", "")]),
        ({"kind": "quiescence", "condition": "state == 'IDLE'"}, [("status", "")]),
        ({"kind": "warning"}, []),
    ],
)
async def test_every_place_where_a_breakpoint_would_have_stopped_is_found_the_last_first(order, fields, found):
    hits = rows(order, wanted_of(BreakpointSpec.model_validate(fields)))
    assert [(row.type, row.path) for row in hits] == found
    assert [row.seq for row in hits] == sorted((row.seq for row in hits), reverse=True)


async def test_of_several_the_nearest_is_found(order):
    wanted = [wanted_of(BreakpointSpec(event=event)) for event in ("OrderPlaced", "ParcelReady")]
    assert [row.event_id for row in rows(order, *wanted)] == ["ParcelReady", "OrderPlaced"]


async def test_more_breakpoints_than_a_reader_keeps_lists_of_are_all_looked_for(order):
    wanted = [wanted_of(BreakpointSpec(event=f"Event{number}")) for number in range(20)]
    wanted[1] = wanted_of(BreakpointSpec(event="OrderPlaced"))
    assert [row.event_id for row in rows(order, *wanted)] == ["OrderPlaced"]


@pytest.mark.parametrize("fields", [{"enabled": False}, {"log": "x"}])
def test_one_that_stops_nothing_looks_for_nothing(fields):
    assert wanted_of(BreakpointSpec(event="Go", **fields)) is None


async def test_a_predicate_is_looked_for_in_every_event(order):
    hits = rows(order, wanted_by('type == "executor_invoked" and superstep == 1 and path == "Intake"'))
    assert [row.function for row in hits] == ["accept"]


async def test_the_ends_of_supersteps_are_found_both_ways_those_of_nested_processes_too(order):
    ends = [row.seq for row in order.page(0, 1000) if row.type == "superstep_completed"]
    paths = [order.row(seq).path for seq in ends]
    assert {"", "Fulfilment"} <= set(paths)
    seq, back = order.count(), []
    while (seq := superstep_end(order, seq, backwards=True) or 1) > 1:
        back.append(seq)
    assert back[::-1] == ends
    seq, on = 1, []
    while (seq := superstep_end(order, seq, backwards=False) or order.count()) < order.count():
        on.append(seq)
    assert on == ends


async def test_what_runs_again_is_what_was_called_after_the_superstep(order):
    again = order.runs_again(1)
    assert again is not None
    assert again.calls == (("Fulfilment", 1), ("Fulfilment/Picker", 3), ("Fulfilment/Packer", 1), ("Shipping", 1))


async def test_after_the_last_superstep_nothing_runs_again(order):
    assert order.runs_again(3).calls == ()


async def test_a_superstep_that_was_never_over_is_none_to_go_on_from(order):
    assert order.runs_again(4) is None


async def test_what_runs_again_is_what_a_fork_then_calls(order, tmp_path):
    again = order.runs_again(1)
    async with nested_order.build().start(resume_from=order.path, superstep=1, run_file=tmp_path / "fork.run") as run:
        await run.idle()
        called = Counter(event.path for event in run.events if event.type == "executor_invoked")
    assert called == dict(again.calls)

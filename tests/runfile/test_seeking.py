"""Back, and on, to the nearest event on which a predicate holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.predicate import PredicateError
from process_core.runfile import Filter, RunFile
from process_core.runfile.seeking import find_back, find_forward


class Count(Step):
    @function
    async def count(self, context: StepContext, value: int) -> None:
        await context.emit_event("Again" if value < 40 else "Done", value + 1)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    import asyncio

    process = ProcessBuilder("P")
    count = process.add_step(Count)
    process.on_input_event("go").send_event_to(count)
    count.on_event("Again").send_event_to(count)
    path = tmp_path_factory.mktemp("runs") / "x.run"
    asyncio.run(process.build().run("go", 0, run_file=path))
    return path


PREDICATES = [
    "type == 'event_emitted' and data == 20",
    "event_id == 'Again' and data % 10 == 0",
    "type == 'status'",
    "len(data) == 1",
    "data.value > 30",
    "superstep == 3",
    "seq % 7 == 0",
    "event_id == 'Never'",
]


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(predicate=st.sampled_from(PREDICATES), place=st.integers(0, 260), is_known=st.booleans())
def test_the_nearest_match_is_the_one_that_the_filtered_list_has_next_to_the_place(
    recorded, predicate, place, is_known
):
    from process_core.predicate import compile_predicate

    with RunFile(recorded) as file:
        rows = [row.seq for row in file.page(0, 10_000, Filter(where=compile_predicate(predicate)))]
    with RunFile(recorded) as file:
        if is_known:
            file.view(Filter(where=compile_predicate(predicate))).advance(hits=2)
        assert find_back(file, predicate, place) == max((seq for seq in rows if seq < place), default=None)
        assert find_forward(file, predicate, place) == min((seq for seq in rows if seq > place), default=None)


def test_no_further_than_told(recorded):
    with RunFile(recorded) as file:
        assert find_back(file, "type == 'started'", 100, first=2) is None
        assert find_forward(file, "type == 'status'", 10, last=50) is None


def test_looking_back_leaves_the_list_that_a_screen_shows_as_it_was(recorded):
    from process_core.predicate import compile_predicate

    with RunFile(recorded) as file:
        chosen = Filter(where=compile_predicate("type == 'event_emitted'"))
        view = file.view(chosen)
        view.advance(hits=1)
        before = list(view.seqs), view.scanned
        find_back(file, "type == 'event_emitted'", file.count())
        assert (list(view.seqs), view.scanned) == before
        view.advance()
        assert list(view.seqs) == sorted(set(view.seqs))


def test_a_predicate_that_does_not_parse_is_refused(recorded):
    with RunFile(recorded) as file, pytest.raises(PredicateError):
        find_back(file, "data ==", 10)

"""The walks over causes, on run files and on events in memory."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runfile_cases import event, record, writer

from process_core.runfile import Filter, RunFile, walk_back, walk_forward
from process_core.runfile.read import causes


def graphs():
    def causes_of(seq):
        return st.lists(st.integers(1, seq - 1), max_size=3, unique=True) if seq > 1 else st.just([])

    return st.integers(1, 40).flatmap(lambda n: st.tuples(*[causes_of(seq) for seq in range(1, n + 1)]))


def events_of(graph):
    return {seq: event(seq, causes=tuple(causes)) for seq, causes in enumerate(graph, 1)}


def depths_back(graph, seq):
    depths, level, depth = {}, set(graph[seq - 1]), 1
    while level:
        depths.update(dict.fromkeys(level - depths.keys(), depth))
        level = {cause for effect in level for cause in graph[effect - 1]} - depths.keys()
        depth += 1
    return depths


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(graph=graphs(), limit=st.integers(1, 10))
def test_the_walk_back_meets_every_ancestor_once_the_nearest_first(graph, limit):
    events, last = events_of(graph), len(graph)
    expected = depths_back(graph, last)
    read = []

    def reader(seqs):
        read.extend(seqs)
        return [events[seq] for seq in seqs]

    met, further = walk_back(graph[-1], reader, 100)
    assert [(one.seq, one.depth) for one in met] == sorted(expected.items(), reverse=True)
    assert further == ()
    assert sorted(read) == sorted(set(read))
    # In pieces it comes to the same ancestors.
    seqs, causes = [], tuple(graph[-1])
    while causes:
        piece, causes = walk_back(causes, reader, limit)
        assert len(piece) <= limit
        seqs += [one.seq for one in piece]
    assert seqs == [one.seq for one in met]


def test_the_walk_back_says_which_event_is_missing():
    met, further = walk_back((7,), lambda _: [], 10)
    assert [(one.seq, one.event) for one in met] == [(7, None)]
    assert further == ()


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(graph=graphs(), depth=st.sampled_from([None, 1, 2]))
def test_the_walk_forward_meets_what_leads_back(graph, depth):
    def links(first, last):
        return [(seq, cause) for seq in range(first, last + 1) for cause in graph[seq - 1]]

    met = walk_forward(1, links, len(graph), limit=100, depth=depth)
    back = {seq: depths_back(graph, seq).get(1) for seq in range(2, len(graph) + 1)}
    if depth is None:
        assert set(met) == {seq for seq, away in back.items() if away is not None}
    elif depth == 1:
        assert set(met) == {seq for seq, away in back.items() if away == 1}
    assert len(walk_forward(1, links, len(graph), limit=1)) == min(1, len([a for a in back.values() if a]))


def test_effects_are_found_however_far_they_are(tmp_path):
    far = 70_000
    events = [event(1), event(2, causes=(1,)), *(event(seq) for seq in range(3, far))]
    events += [event(far, causes=(1,)), event(far + 1, causes=(2, 1)), event(far + 2, causes=(2, far))]
    with RunFile(record(tmp_path / "x.run", events)) as run:
        assert [row.seq for row in run.effects(1)] == [2, far, far + 1]
        assert [row.seq for row in run.effects(1, 2)] == [2, far]
        assert [row.seq for row in run.effects(1, reach=100)] == [2]
        assert walk_forward(1, run.links, run.count(), limit=10) == {2: 1, far: 1, far + 1: 1, far + 2: 2}
        assert run.origin(far + 2, 10) == (1, 2)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(graph=graphs(), asked=st.lists(st.integers(1, 40), min_size=1, max_size=8), split=st.integers(1, 40))
def test_effects_are_the_events_that_name_it_whatever_was_asked_before(tmp_path_factory, graph, asked, split):
    path = tmp_path_factory.mktemp("effects") / "x.run"
    events = list(events_of(graph).values())
    with pytest.MonkeyPatch.context() as patch, writer(path) as out:
        patch.setattr(causes, "_BLOCK", 4)
        first = min(split, len(events))
        append(out, events[:first])
        with RunFile(path) as run:
            for written in (first, len(events)):  # the file grows between the questions
                append(out, events[run.count() : written])
                for seq in (seq for seq in asked if seq <= written):
                    effects = [effect for effect, led in enumerate(graph[:written], 1) if seq in led]
                    assert [row.seq for row in run.effects(seq)] == effects
                    assert [row.seq for row in run.effects(seq, 1)] == effects[:1]


def append(out, events):
    for one in events:
        out.append(one)
    assert out.flush(10)


def test_looking_at_some_events_leaves_the_list_that_a_screen_shows_as_it_was(tmp_path):
    with RunFile(
        record(tmp_path / "x.run", [event(seq, path="A" if seq % 3 else "B") for seq in range(1, 301)])
    ) as run:
        view = run.view(Filter(path="A"))
        view.advance(hits=1)
        before = list(view.seqs), view.scanned
        assert view.matches(10, 15) == [10, 11, 13, 14]
        assert (list(view.seqs), view.scanned) == before

"""The pure parts of the layout, each by what it promises."""

import random
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from graph_cases import CASES, process
from graph_crossings import corpus, graphviz_crossings, screen_crossings
from hypothesis import given, settings
from hypothesis import strategies as st

from process_core.graph import Edge, Node, SourceKind, StepKind
from tui.graph import Direction, Zoom, draw, picture_text
from tui.graph.layout.channel_routing import Net, assign_tracks
from tui.graph.layout.coordinate_assignment import settle, spread
from tui.graph.layout.crossing_reduction import crossings, forget, order, orders
from tui.graph.layout.cycle_removal import against_distance, back_links
from tui.graph.layout.graph_model import build_model, wrapped
from tui.graph.layout.layer_assignment import ranks

links = st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40))
)


@given(links)
def test_without_the_links_that_go_back_every_link_goes_on_in_rank(graph):
    count, pairs = graph
    back = back_links(count, pairs)
    onward = [pair for index, pair in enumerate(pairs) if index not in back]
    rank = ranks(count, onward)
    assert all(rank[a] < rank[b] for a, b in onward)
    assert min(rank) == 0


@given(links)
def test_a_link_that_goes_back_ends_at_a_vertex_that_leads_to_its_source(graph):
    count, pairs = graph
    back = back_links(count, pairs)
    onward = defaultdict(set)
    for index, (a, b) in enumerate(pairs):
        if index not in back:
            onward[a].add(b)
    for index in back:
        source, target = pairs[index]
        seen, todo = {target}, [target]
        while todo:
            for near in onward[todo.pop()]:
                if near not in seen:
                    seen.add(near)
                    todo.append(near)
        assert source in seen


@given(links)
def test_going_by_distance_leaves_no_loop_either(graph):
    count, pairs = graph
    back = against_distance(count, pairs)
    onward = [pair for index, pair in enumerate(pairs) if index not in back]
    rank = ranks(count, onward)
    assert all(rank[a] < rank[b] for a, b in onward)


@pytest.mark.parametrize("zoom", [Zoom.CHIPS, Zoom.BOXES])
def test_a_tangle_of_a_thousand_routes_is_drawn_in_full_and_not_too_deep(zoom):
    chance = random.Random(1)
    names = [f"S{n}" for n in range(300)]
    nodes = [Node(name, name, StepKind.STEP, ("work",), {"work": ("data",)}) for name in names]
    edges = [
        Edge(f"r{n}", "", SourceKind.EVENT, chance.choice(names), f"E{n}", chance.choice(names), "work", "data")
        for n in range(1000)
    ]
    picture = draw(nodes, edges, zoom=zoom)
    arrows = [key for port in picture.drawing.ports if port.head for key in port.edges]
    assert sorted(arrows) == sorted(edge.key for edge in edges)
    assert len({box.y for box in picture.drawing.boxes}) < 60


def test_a_graph_without_loops_has_no_link_that_goes_back():
    assert back_links(4, [(0, 1), (0, 2), (1, 3), (2, 3)]) == frozenset()


def test_an_entry_stands_just_before_the_step_it_enters():
    rank = ranks(4, [(0, 1), (1, 2), (3, 2)])
    assert rank[3] == rank[2] - 1


layered = st.lists(st.integers(1, 5), min_size=2, max_size=5).flatmap(
    lambda sizes: st.tuples(
        st.just(sizes),
        st.tuples(*[
            st.lists(st.tuples(st.integers(0, a - 1), st.integers(0, b - 1)), max_size=10, unique=True)
            for a, b in pairwise(sizes)
        ]),
    )
)  # fmt: skip


def numbered(graph):
    sizes, channels = graph
    layers, start = [], 0
    for size in sizes:
        layers.append(list(range(start, start + size)))
        start += size
    return layers, [
        [(layers[i][a], layers[i + 1][b]) for a, b in channel] for i, channel in enumerate(channels)
    ]  # fmt: skip


@given(layered)
def test_ordering_keeps_every_cell_in_its_layer(graph):
    layers, channels = numbered(graph)
    assert [sorted(layer) for layer in order(layers, channels)] == layers


@given(layered)
def test_ordering_never_adds_a_crossing(graph):
    layers, channels = numbered(graph)
    assert crossings(order(layers, channels), channels) <= crossings(layers, channels)


@given(layered)
def test_all_orders_to_choose_from_cross_equally_often(graph):
    layers, channels = numbered(graph)
    assert len({crossings(found, channels) for found in orders(layers, channels, 5)}) == 1


def test_labels_stand_where_their_lines_do():
    layers, channels = [[0, 1], [2, 3], [4, 5]], [[(0, 3), (1, 2)], [(3, 5), (2, 4)]]
    assert crossings(order(layers, channels), channels) == 0


def test_ordering_undoes_a_crossing_that_need_not_be():
    assert crossings(order([[0, 1], [2, 3]], [[(0, 3), (1, 2)]]), [[(0, 3), (1, 2)]]) == 0


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True),
    st.integers(0, 20),
    st.integers(20, 60),
    st.integers(1, 3),
)
def test_ports_are_in_order_apart_and_on_their_side(wanted, first, last, gap):
    wanted = sorted(wanted)
    nominal = spread([gap] * (len(wanted) - 1), last - first + 1, 0)
    places = settle(wanted, [first + n for n in nominal], first, max(last, first + len(wanted) - 1), gap)
    assert all(a < b for a, b in pairwise(places))
    assert first <= places[0]
    assert places[-1] <= max(last, first + len(wanted) - 1)


def test_a_port_stands_where_its_line_comes_from():
    assert settle([7, 40], [3, 5], 1, 9, 2) == [7, 9]


def test_ports_with_a_bent_line_stay_where_they_would_be_by_nature():
    assert settle([40], [5], 1, 9, 2) == [5]


@st.composite
def channels(draw_from):
    """Nets of a channel; no place is used twice on one side."""
    count = draw_from(st.integers(1, 9))
    tops = draw_from(st.lists(st.integers(0, 25), min_size=count, max_size=count, unique=True))
    extra = draw_from(st.lists(st.integers(0, count - 1), max_size=5))
    bottoms = draw_from(
        st.lists(st.integers(0, 25), min_size=count + len(extra), max_size=count + len(extra), unique=True)
    )
    nets = [Net([top], [bottom]) for top, bottom in zip(tops, bottoms, strict=False)]
    for net, bottom in zip(extra, bottoms[count:], strict=True):
        nets[net].bottoms.append(bottom)
    return nets


def check_tracks(nets):
    count = assign_tracks(nets)
    across, along = {}, {}
    for number, net in enumerate(nets):
        if net.is_straight:
            runs = [(None, net.tops, net.bottoms, None)]
        else:
            runs = [(run, run.ups, run.downs, run.bridge) for run in net.tracks]
        for run, ups, downs, bridge in runs:
            if run is None:
                cells = [(ups[0], row) for row in range(-1, count + 1)]
            else:
                for x in range(run.low, run.high + 1):
                    assert across.setdefault((x, run.track), number) == number
                cells = [(x, row) for x in ups if x != bridge for row in range(-1, run.track + 1)]
                cells += [(x, row) for x in downs if x != bridge for row in range(run.track, count + 1)]
            for cell in cells:
                assert along.setdefault(cell, number) == number
        if len(net.tracks) == 2:
            first, second = net.tracks
            for row in range(first.track, second.track + 1):
                assert along.setdefault((first.bridge, row), number) == number


@given(channels())
@settings(max_examples=120)
def test_no_two_nets_share_a_cell_in_one_direction(nets):
    check_tracks(nets)


@pytest.mark.parametrize("seed", range(3))
def test_hundreds_of_nets_in_one_channel_share_no_cell_either(seed):
    chance = random.Random(seed)
    tops, bottoms = chance.sample(range(700), 400), chance.sample(range(700), 400)
    check_tracks([Net([top], [bottom]) for top, bottom in zip(tops, bottoms, strict=True)])


def test_two_lines_that_change_places_need_three_tracks():
    nets = [Net([0], [1]), Net([1], [0])]
    assert assign_tracks(nets) == 3


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("Exit", 16, ("Exit",)),
        ("UserInputReceived", 16, ("UserInput", "Received")),
        ("introduce.OnResult", 16, ("introduce.", "OnResult")),
        ("AssistantResponseGenerated", 20, ("AssistantResponse", "Generated")),
        ("a word and another", 10, ("a word and", "another")),
        ("x" * 30, 16, ("x" * 19 + "…",)),
    ],
)
def test_labels_wrap_between_words(text, cells, lines):
    assert wrapped(text, cells, ascii_only=False) == lines


def labels(edges_text, **options):
    nodes, edges = process(edges_text, **options)
    return [bundle.label for bundle in build_model(nodes, edges).bundles]


def test_a_label_names_the_parameter_only_where_the_function_has_several():
    assert labels("A -Go-> B:left\nA -Go-> B:right\nA -Go-> C") == ["Go → left", "Go → right", "Go"]


def test_a_label_names_the_condition():
    assert labels("A -Go-> B [size > 3]\nA -Go-> C [otherwise]") == ["Go [size > 3]", "Go [otherwise]"]


def test_a_label_marks_the_inputs_of_an_explicit_join():
    nodes, edges = process("A -Go-> B")
    assert [bundle.label for bundle in build_model(nodes, [replace(edges[0], joined=True)]).bundles] == ["Go &"]


def test_routes_of_one_event_leave_as_one_line():
    nodes, edges = process("A -Go-> B\nA -Go-> C\nA -Stop-> .")
    bundles = build_model(nodes, edges).bundles
    assert [(b.label, len(b.targets)) for b in bundles] == [("Go", 2), ("Stop", 1)]


def test_every_step_that_stops_the_process_has_a_stop_of_its_own():
    nodes, edges = process("A -Go-> B\nA -Bad-> .\nA -Worse-> .\nB -Done-> .")
    assert [vertex.name for vertex in build_model(nodes, edges).vertices].count("STOP") == 2


def test_a_folded_process_is_one_box():
    picture = draw(*CASES["deep"], folded=["Plant"])
    assert set(picture.boxes) == {"Intake", "Plant", "Deliver"}


def test_a_nested_process_lies_inside_its_frame():
    boxes = draw(*CASES["deep"]).boxes
    for path, box in boxes.items():
        frame = boxes.get(path.rpartition("/")[0])
        if frame is not None:
            assert frame.x < box.x
            assert box.x + box.width < frame.x + frame.width
            assert frame.y < box.y
            assert box.y + box.height < frame.y + frame.height


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("zoom", Zoom)
def test_forward_routes_follow_the_direction(zoom, direction):
    boxes = draw(*CASES["line"], zoom=zoom, direction=direction).boxes
    steps = [boxes[name] for name in ("Fetch", "Parse", "Check", "Store", "Notify")]
    starts = [box.y if direction is Direction.DOWN else box.x for box in steps]
    assert starts == sorted(set(starts))


def test_chips_are_lower_than_boxes_and_boxes_lower_than_full_ones():
    heights = [draw(*CASES["orders"], zoom=zoom).height for zoom in (Zoom.CHIPS, Zoom.BOXES, Zoom.FULL)]
    assert heights == sorted(set(heights))


def test_crossings_are_close_to_those_of_graphviz():
    pygraphviz = pytest.importorskip("pygraphviz")
    ours = sum(screen_crossings(draw(*graph, zoom=Zoom.CHIPS)) for graph in corpus())
    theirs = sum(graphviz_crossings(pygraphviz, edges) for _, edges in corpus())
    assert ours <= 1.3 * theirs


def test_the_corpus_has_no_more_crossings_than_when_it_was_last_held_against_graphviz():
    assert sum(screen_crossings(draw(*graph, zoom=Zoom.CHIPS)) for graph in corpus()) <= 13


def test_an_order_is_the_same_whether_it_was_asked_for_before_or_not():
    forget()
    first = picture_text(draw(*CASES["orders"]), colour=False)
    assert picture_text(draw(*CASES["orders"]), colour=False) == first


def test_of_orders_with_equally_few_crossings_the_one_with_straight_lines_is_drawn():
    picture = draw(*CASES["machine"])
    assert not [line for line in picture.drawing.joints if "r5" in line.edges]

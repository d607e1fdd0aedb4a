"""What must hold for the drawing of any process at all, however unlikely."""

from collections import defaultdict

import pytest
from graph_cases import CASES, pipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from process_core.graph import Edge, Node, SourceKind, StepKind
from tui.graph import Direction, Zoom, draw
from tui.graph.layout.shapes import BoxKind, Side, SlotKind

HOSTILE = [
    "Größe",
    "日本語の手順",
    "e\u0301\u0301\u0301",
    "\x1b[2J",
    "a\u202eb",
    "\u200b",
    "x" * 200,
    "字" * 200,
    "│─┼",
    "[/x]",
    "a b\nc",
]


@st.composite
def processes(draw_from, nested=True):
    count = draw_from(st.integers(0, 9))
    names = [f"S{n}" for n in range(count)]
    for index in draw_from(st.lists(st.integers(0, max(0, count - 1)), max_size=2)) if count else []:
        names[index] = draw_from(st.sampled_from(HOSTILE)) + str(index)
    scopes = {"": names}
    if nested and count and draw_from(st.booleans()):
        scopes[names[0]] = [f"In{n}" for n in range(draw_from(st.integers(1, 4)))]
    nodes, edges = [], []
    for scope, members in scopes.items():
        prefix = scope + "/" if scope else ""
        for name in members:
            kind = StepKind.PROCESS if prefix + name in scopes else StepKind.STEP
            wanted = draw_from(st.sampled_from([(), ("data",), ("left", "right")]))
            nodes.append(Node(prefix + name, name, kind, ("work",), {"work": wanted}))
        if not members:
            continue
        ends = st.integers(-1, len(members) - 1)
        for number in range(draw_from(st.integers(0, 16))):
            source, target = draw_from(ends), draw_from(ends)
            event = draw_from(st.sampled_from(["Go", "Done", "A quite long event name", "E" * 60, *HOSTILE[:3]]))
            kind = SourceKind.EVENT
            if source < 0:
                kind = draw_from(st.sampled_from([SourceKind.INPUT, SourceKind.PROCESS_ERROR]))
            parameter = draw_from(st.sampled_from([None, "left", "right"]))
            edges.append(
                Edge(
                    f"r{number}",
                    scope,
                    kind,
                    prefix + members[source] if source >= 0 else "",
                    event,
                    prefix + members[target] if target >= 0 else "",
                    "work" if target >= 0 else None,
                    parameter if target >= 0 else None,
                )
            )
    return nodes, edges


looks = st.tuples(st.sampled_from(Zoom), st.sampled_from(Direction), st.sampled_from([40, 16]), st.booleans())


def inside(box, x, y):
    return box.x <= x < box.x + box.width and box.y <= y < box.y + box.height


def grid(picture):
    """Every cell of the picture, as (x, y) -> the text that starts there."""
    cells = {}
    for y in range(picture.height):
        for x, text, owner in picture.runs(y):
            at = x
            for glyph in text:
                width = cell_len(glyph)
                if width:
                    cells[at, y] = (glyph, owner)
                at += width
    return cells


def edge_cells(picture):
    """Return, per edge key, the cells (column, row) of its route, its label left out."""
    cells = defaultdict(set)
    drawing = picture.drawing
    for line in drawing.lines:
        for key in line.edges:
            cells[key] |= {(x, y) for x in range(line.x0, line.x1 + 1) for y in range(line.y0, line.y1 + 1)}
    for shape in (*drawing.joints, *drawing.ports):
        for key in shape.edges:
            cells[key].add((shape.x, shape.y))
    return cells


def boxes_never_overlap(process, picture):
    taken = {}
    for box in picture.drawing.boxes:
        if box.kind is BoxKind.FRAME:
            cells = {(x, y) for x in range(box.x, box.x + box.width) for y in (box.y, box.y + box.height - 1)}
        else:
            cells = {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}
        for cell in cells:
            assert cell not in taken, (box, taken[cell])
            taken[cell] = box


def everything_lies_inside_the_picture(process, picture):
    for y in range(picture.height):
        for x, text, _ in picture.runs(y):
            assert 0 <= x <= x + cell_len(text) <= picture.width
    for box in picture.drawing.boxes:
        assert 0 <= box.x < box.x + box.width <= picture.width
        assert 0 <= box.y < box.y + box.height <= picture.height


def every_step_and_every_route_is_drawn(process, picture):
    nodes, edges = process
    assert set(picture.boxes) == {node.path for node in nodes}
    assert set(edge_cells(picture)) == {edge.key for edge in edges}


def no_cell_is_shared_in_one_direction_unless_one_source_fans_out(process, picture):
    source = {edge.key: (edge.source or edge.event_id, edge.scope) for edge in process[1]}
    used = defaultdict(set)

    def use(x, y, axis, edges):
        used[x, y, axis] |= {source[key] for key in edges}

    for line in picture.drawing.lines:
        for x in range(line.x0, line.x1 + 1):
            for y in range(line.y0, line.y1 + 1):
                use(x, y, line.upright, line.edges)
    for joint in picture.drawing.joints:
        for upright, sides in ((True, Side.UP | Side.DOWN), (False, Side.LEFT | Side.RIGHT)):
            if joint.sides & sides:
                use(joint.x, joint.y, upright, joint.edges)
    assert all(len(sources) == 1 for sources in used.values())


def routes_are_joined_and_end_at_their_own_boxes(process, picture):
    all_cells = edge_cells(picture)
    for edge in process[1]:
        own = all_cells[edge.key]
        cells = set(own)
        for label in picture.labels:
            if edge.key in label.edges:
                cells |= {(x, label.y) for x in range(label.dot, label.x + label.width + 1)}
        start = min(cells)
        todo, seen = [start], {start}
        while todo:
            x, y = todo.pop()
            for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if near in cells and near not in seen:
                    seen.add(near)
                    todo.append(near)
        assert own <= seen
        reach = {(x + dx, y + dy) for x, y in seen for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))}
        for path, kinds in ((edge.source, {BoxKind.ENTRY, BoxKind.ERROR}), (edge.target, {BoxKind.STOP})):
            ends = [
                box
                for box in picture.drawing.boxes
                if (box.path == path if path else box.kind in kinds and edge.key in box.edges)
            ]
            assert any(inside(box, *cell) for box in ends for cell in reach), (edge, path)


def every_route_has_one_arrow_and_it_is_at_its_target(process, picture):
    for edge in process[1]:
        heads = [port for port in picture.drawing.ports if port.head and edge.key in port.edges]
        assert [head.path for head in heads] == [edge.target]


def no_two_ports_share_a_cell(process, picture):
    spots = [(port.x, port.y) for port in picture.drawing.ports]
    assert len(spots) == len(set(spots))


def labels_are_readable_where_they_stand(process, picture):
    cells = grid(picture)
    for label in picture.labels:
        at = label.x
        for glyph in label.text:
            if cell_len(glyph):
                assert cells[at, label.y][0] == glyph
                at += cell_len(glyph)
    taken = [(x, label.y) for label in picture.labels for x in range(label.x, label.x + label.width)]
    assert len(taken) == len(set(taken))


def names_stand_in_their_boxes(process, picture):
    cells = grid(picture)
    for box in picture.drawing.boxes:
        for text in box.texts:
            at = text.x
            for glyph in text.text:
                if cell_len(glyph):
                    assert inside(box, at, text.y)
                    assert cells[at, text.y][0] == glyph
                    at += cell_len(glyph)


def a_crossing_never_looks_like_a_joint(process, picture):
    cells = grid(picture)
    upright = {
        (line.x0, y): line for line in picture.drawing.lines if line.upright for y in range(line.y0, line.y1 + 1)
    }
    for line in picture.drawing.lines:
        if line.upright:
            continue
        for x in range(line.x0, line.x1 + 1):
            if (x, line.y0) in upright:
                assert cells[x, line.y0][0] in "│┊|:"


def slots_of_state_are_kept_free(process, picture):
    cells = grid(picture)
    for box in picture.drawing.boxes:
        for slot in box.slots:
            for x in range(slot.x, slot.x + slot.width):
                assert inside(box, x, slot.y)
                free = "·." if slot.kind is SlotKind.INPUT else " ╭╔+#"
                assert cells.get((x, slot.y), (" ",))[0] in free, slot


def an_ascii_picture_holds_nothing_but_ascii(process, picture):
    for y in range(picture.height):
        for _, text, _ in picture.runs(y):
            assert text.isascii()
            assert text.isprintable()


HOLDS = (
    boxes_never_overlap,
    everything_lies_inside_the_picture,
    every_step_and_every_route_is_drawn,
    no_cell_is_shared_in_one_direction_unless_one_source_fans_out,
    routes_are_joined_and_end_at_their_own_boxes,
    every_route_has_one_arrow_and_it_is_at_its_target,
    no_two_ports_share_a_cell,
    labels_are_readable_where_they_stand,
    names_stand_in_their_boxes,
    a_crossing_never_looks_like_a_joint,
    slots_of_state_are_kept_free,
)


@given(processes(), looks)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_picture_of_any_process_holds_together(process, look):
    zoom, direction, label_cells, ascii_only = look
    picture = draw(*process, zoom=zoom, direction=direction, label_cells=label_cells, ascii=ascii_only)
    for holds in HOLDS:  # on one picture, for to draw it takes longer than to look at it
        holds(process, picture)
    if ascii_only:
        an_ascii_picture_holds_nothing_but_ascii(process, picture)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("zoom", Zoom)
def test_a_step_with_ten_routes_to_itself_shows_them_all(zoom, direction):
    node = Node("Self", "Self", StepKind.STEP, ("work",), {"work": ("data",)})
    edges = [Edge(f"r{n}", "", SourceKind.EVENT, "Self", f"Again{n}", "Self", "work", "data") for n in range(10)]
    picture = draw([node], edges, zoom=zoom, direction=direction)
    assert sorted(label.text for label in picture.labels) == sorted(f"Again{n}" for n in range(10))


def test_equal_routes_are_one_line_that_says_how_many_they_are():
    node = Node("Self", "Self", StepKind.STEP, ("work",), {"work": ("data",)})
    edges = [Edge(f"r{n}", "", SourceKind.EVENT, "Self", "Again", "Self", "work", "data") for n in range(10)]
    picture = draw([node], edges)
    assert [label.text for label in picture.labels] == ["Again ×10"]
    assert set(edge_cells(picture)) == {f"r{n}" for n in range(10)}


def test_no_step_gives_an_empty_picture():
    picture = draw([], [])
    assert (picture.width, picture.height, picture.rows) == (0, 0, [])


def test_a_route_that_names_an_unknown_step_is_left_out():
    node = Node("A", "A", StepKind.STEP)
    picture = draw([node], [Edge("r0", "", SourceKind.EVENT, "A", "Go", "Missing")])
    assert edge_cells(picture) == {}


@pytest.mark.parametrize("direction", Direction)
def test_steps_that_nothing_joins_do_not_make_one_long_row(direction):
    nodes = [Node(f"S{n}", f"S{n}", StepKind.STEP) for n in range(36)]
    picture = draw(nodes, [], zoom=Zoom.CHIPS, direction=direction)
    assert len({box.y for box in picture.drawing.boxes}) == 6


@pytest.mark.parametrize("seed", range(6))
def test_dense_processes_keep_their_routes_apart(seed):
    process = pipeline(40, seed=seed, extra=2.0, loops=0.5)
    for zoom, direction, label_cells in ((Zoom.BOXES, Direction.DOWN, 40), (Zoom.CHIPS, Direction.RIGHT, 16)):
        picture = draw(*process, zoom=zoom, direction=direction, label_cells=label_cells)
        no_cell_is_shared_in_one_direction_unless_one_source_fans_out(process, picture)
        routes_are_joined_and_end_at_their_own_boxes(process, picture)
        boxes_never_overlap(process, picture)


@pytest.mark.parametrize("name", CASES)
def test_the_owner_grid_shows_every_box_and_every_label(name):
    picture = draw(*CASES[name])
    for index, box in enumerate(picture.drawing.boxes):
        text = box.texts[0]
        assert picture.owner_at(text.x, text.y).box == index
    for label in picture.labels:
        assert picture.owner_at(label.x, label.y).edges == label.edges

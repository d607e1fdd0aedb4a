"""How often routes cross on the screen, and how often they do where Graphviz draws the same process.

Both are counted on what is drawn: cells that one route passes upright and another one level, and curves that meet. The
straight lines between the middles of Graphviz's boxes would flatter ours: they pass through other boxes.
"""

from itertools import pairwise

from graph_cases import pipeline

PARTS = 8


def corpus():
    """The thirty graphs of the comparison, 10 to 39 steps."""
    return [pipeline(10 + seed, seed=seed) for seed in range(30)]


def screen_crossings(picture):
    upright = {(s.x0, y) for s in picture.drawing.lines if s.upright for y in range(s.y0, s.y1 + 1)}
    return sum(
        (x, s.y0) in upright for s in picture.drawing.lines if not s.upright for x in range(s.x0, s.x1 + 1)
    )  # fmt: skip


def graphviz_crossings(pygraphviz, edges):
    """Crossings of the curves that dot draws for the same routes, entries and stops included."""
    graph = pygraphviz.AGraph(directed=True, strict=False)
    for edge in edges:
        ends = edge.source or f"entry {edge.event_id}", edge.target or f"stop {edge.source}"
        if ends[0] != ends[1]:
            graph.add_edge(*ends, key=edge.key)
    graph.layout("dot")
    curves = [flattened(graph.get_edge(*edge).attr["pos"]) for edge in graph.edges(keys=True)]
    return sum(
        meet(a, b, c, d)
        for index, one in enumerate(curves)
        for other in curves[:index]
        for a, b in pairwise(one)
        for c, d in pairwise(other)
    )


def flattened(text):
    """Points along the curve of an edge."""
    begin, end, points = [], [], []
    for part in text.split():
        if part.startswith("s,"):
            begin = [point(part[2:])]
        elif part.startswith("e,"):
            end = [point(part[2:])]
        else:
            points.append(point(part))
    result = [*begin, points[0]]
    for at in range(0, len(points) - 1, 3):
        a, b, c, d = points[at : at + 4]
        for step in range(1, PARTS + 1):
            t = step / PARTS
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            result.append(
                tuple(sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
            )
    return result + end


def point(text):
    x, y = text.split(",")
    return float(x), float(y)


def meet(a, b, c, d):
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


def turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

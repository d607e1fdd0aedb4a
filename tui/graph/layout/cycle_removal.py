"""Which links go back: a depth-first walk in order of declaration, so that the drawing never depends on chance."""

from collections.abc import Sequence


def back_links(count: int, links: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Return the indexes of the links that close a loop, links from a vertex to itself included; the others close none.

    Args:
        count: How many vertices there are, numbered from 0; walks start at the lowest numbers first.
        links: Pairs of source and target, walked in this order.
    """
    outgoing: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for index, (source, target) in enumerate(links):
        outgoing[source].append((index, target))
    back: set[int] = set()
    state = [0] * count  # 0 not seen, 1 on the way, 2 done
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        trail = [(root, iter(outgoing[root]))]
        while trail:
            vertex, rest = trail[-1]
            for index, target in rest:
                if state[target] == 1:
                    back.add(index)
                elif state[target] == 0:
                    state[target] = 1
                    trail.append((target, iter(outgoing[target])))
                    break
            else:
                state[vertex] = 2
                trail.pop()
    return frozenset(back)


def against_distance(count: int, links: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Return the indexes of the links that go against the distance from the start; the others close no loop either.

    A tangle, in which a depth-first walk wanders through everything before it comes back, gets far fewer ranks this
    way; what a reader would call a loop is found by `back_links`. Distance counts from vertices that nothing leads to.
    """
    outgoing: list[list[int]] = [[] for _ in range(count)]
    entered = [False] * count
    for source, target in links:
        outgoing[source].append(target)
        entered[target] = entered[target] or source != target
    order: dict[int, int] = {}
    for root in sorted(range(count), key=lambda vertex: entered[vertex]):
        if root in order:
            continue
        todo = [root]
        order[root] = len(order)
        for vertex in todo:  # grows while it is walked
            for target in outgoing[vertex]:
                if target not in order:
                    order[target] = len(order)
                    todo.append(target)
    return frozenset(index for index, (source, target) in enumerate(links) if order[target] <= order[source])

"""Which links go back: a depth-first walk in order of declaration, so that the drawing never depends on chance."""

from collections.abc import Sequence


def back_links(count: int, links: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Find links that close a loop; without them the graph has none.

    Args:
        count: How many vertices there are, numbered from 0; walks start at the lowest numbers first.
        links: Pairs of source and target, walked in this order.

    Returns:
        Indexes of the links that go back, links from a vertex to itself included.
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

"""Which rank a vertex stands on: longest path from the start, then as near to its neighbours as it can be."""

from collections.abc import Sequence


def ranks(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """Rank the vertices of a graph without loops so that every link goes at least one rank on.

    Args:
        count: How many vertices there are, numbered from 0.
        links: Pairs of source and target; together they close no loop.

    Returns:
        The rank of each vertex, from 0. The layout doubles them, which leaves a slot for labels between two.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        after[source].append(target)
        before[target].append(source)
    missing = [len(b) for b in before]
    sequence = [v for v in range(count) if not missing[v]]
    rank = [0] * count
    for vertex in sequence:  # grows while it is walked
        for target in after[vertex]:
            rank[target] = max(rank[target], rank[vertex] + 1)
            missing[target] -= 1
            if not missing[target]:
                sequence.append(target)
    for vertex in reversed(sequence):
        if after[vertex] and len(after[vertex]) > len(before[vertex]):
            rank[vertex] = min(rank[target] for target in after[vertex]) - 1
    lowest = min(rank, default=0)
    return [r - lowest for r in rank]

"""Where on the side of a box each route begins or ends: nominal places to lay boxes out by, then the final ones."""

from collections.abc import Sequence


def spread(gaps: Sequence[int], length: int, margin: int) -> list[int]:
    """Give ports places on a side, as far apart as asked for if the side is long enough, centred.

    Args:
        gaps: Wanted distance from each port to the next; one less than there are ports.
        length: Cells of the side.
        margin: Cells at either end that no port may take.

    Returns:
        An offset per port, rising.
    """
    room = length - 2 * margin - 1
    wanted = sum(gaps)
    if wanted > room:
        count = len(gaps)
        return [margin + (room * index) // count for index in range(count + 1)]
    at = (length - wanted) // 2
    at = max(margin, min(at, length - margin - 1 - wanted))
    result = [at]
    for gap in gaps:
        at += gap
        result.append(at)
    return result


def settle(wanted: Sequence[int], nominal: Sequence[int], first: int, last: int, gap: int) -> list[int]:
    """Give ports their final places: exactly where the line beyond is if it can be, else where they would be by nature.

    Args:
        wanted: Where the line of each is, in the order the ports have to keep.
        nominal: Where each would be if no line asked for anything.
        first: The first cell a port may take.
        last: The last one.
        gap: The least distance from one to the next; less only where there is no room for it.

    Returns:
        A place per port, rising.
    """
    count = len(wanted)
    if count > 1:
        gap = max(1, min(gap, (last - first) // (count - 1)))
    fixed = _straight(wanted, first, last, gap)
    result: list[int] = []
    for index in range(count):
        low = result[-1] + gap if result else first
        high = last - gap * (count - 1 - index)
        later = next((i for i in range(index, count) if i in fixed), None)
        if later is not None:
            high = min(high, wanted[later] - gap * (later - index))
        want = wanted[index] if index in fixed else nominal[index]
        result.append(max(low, min(want, high)))
    return result


def _straight(wanted: Sequence[int], first: int, last: int, gap: int) -> set[int]:
    """Choose the ports that can be just where their lines are: a longest sequence that leaves room for the others."""
    count = len(wanted)
    length = [0] * count
    previous = [-1] * count
    for index in range(count):
        low, high = first + gap * index, last - gap * (count - 1 - index)
        if not low <= wanted[index] <= high:
            continue
        length[index] = 1
        for earlier in range(index):
            fits = length[earlier] and wanted[index] - wanted[earlier] >= gap * (index - earlier)
            if fits and length[earlier] + 1 > length[index]:
                length[index] = length[earlier] + 1
                previous[index] = earlier
    chosen: set[int] = set()
    at = max(range(count), key=lambda i: length[i], default=-1)
    if at >= 0 and length[at]:
        while at >= 0:
            chosen.add(at)
            at = previous[at]
    return chosen

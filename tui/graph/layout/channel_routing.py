"""Tracks in the channel between two layers: which net runs on which, so that no two share a cell in one direction."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_MANY: Final = 250
"""Runs in one channel above which their order is not weighed any more."""


@dataclass(slots=True)
class Net:
    """Ports that belong together: lines from above and lines to below, joined by one track or two.

    Attributes:
        tops: Positions on the earlier side.
        bottoms: Positions on the later side.
        tracks: Its runs: (track, from, to, positions above, positions below); none where it is straight.
    """

    tops: list[int]
    bottoms: list[int]
    tracks: list["Run"] = field(default_factory=list)

    @property
    def is_straight(self) -> bool:
        """Whether the net needs no track."""
        return len(self.tops) == len(self.bottoms) == 1 and self.tops == self.bottoms


@dataclass(slots=True)
class Run:
    """One net's use of one track.

    Attributes:
        low: First position.
        high: Last position.
        ups: Positions that go on towards the earlier side.
        downs: Positions that go on towards the later side.
        bridge: Position at which a net on two tracks changes from one to the other, which no port uses.
        track: Number of the track, from the earlier side.
    """

    low: int
    high: int
    ups: list[int]
    downs: list[int]
    bridge: int | None = None
    track: int = 0


def assign_tracks(nets: Sequence[Net]) -> int:
    """Assign tracks to every net that bends, of one channel, and return how many tracks there are.

    No two nets may have a port at one position on one side.
    """
    bent = [net for net in nets if not net.is_straight]
    runs: list[Run] = []
    for net in bent:
        ends = net.tops + net.bottoms
        net.tracks = [Run(min(ends), max(ends), sorted(net.tops), sorted(net.bottoms))]
        runs.append(net.tracks[0])
    taken = {p for net in nets for p in (*net.tops, *net.bottoms)}
    below = _must_be_below(runs)
    while loop := _find_loop(below):
        split = min(loop, key=lambda r: (len(runs[r].ups) + len(runs[r].downs), r))
        _split(nets, runs, split, taken)
        below = _must_be_below(runs)
    if len(runs) > _MANY:
        return _pack(runs, below)
    _prefer(runs, below)
    count = 0
    for index in _topological(below):
        run = runs[index]
        count = max(count, run.track + 1)
        for other in below[index]:
            runs[other].track = max(runs[other].track, run.track + 1)
    return count


def _must_be_below(runs: Sequence[Run]) -> list[set[int]]:
    """Per run, the runs that must be on a later track, as both use a position: the one from above, the other below."""
    from_above: dict[int, int] = {}
    bridges: dict[int, int] = {}
    for index, run in enumerate(runs):
        for position in run.ups:
            if position == run.bridge:
                bridges[position] = index
            else:
                from_above[position] = index
    below: list[set[int]] = [set() for _ in runs]
    for index, run in enumerate(runs):
        for position in run.downs:
            if position == run.bridge:
                below[index].add(bridges[position])
                continue
            other = from_above.get(position)
            if other is not None and other != index:
                below[other].add(index)
    return below


def _find_loop(below: Sequence[set[int]]) -> list[int]:
    """Return the runs of one circle of demands, or none."""
    state = [0] * len(below)
    for root in range(len(below)):
        if state[root]:
            continue
        state[root] = 1
        trail = [(root, iter(sorted(below[root])))]
        while trail:
            run, rest = trail[-1]
            for other in rest:
                if state[other] == 1:
                    members = [r for r, _ in trail]
                    return members[members.index(other) :]
                if state[other] == 0:
                    state[other] = 1
                    trail.append((other, iter(sorted(below[other]))))
                    break
            else:
                state[run] = 2
                trail.pop()
    return []


def _split(nets: Sequence[Net], runs: list[Run], index: int, taken: set[int]) -> None:
    """Break a circle: one net takes two tracks, joined at a position that nobody else uses."""
    run = runs[index]
    position = (run.low + run.high) // 2
    step = 0
    while position in taken:  # further and further to either side
        step = -step if step > 0 else 1 - step
        position = (run.low + run.high) // 2 + step
    taken.add(position)
    ups, downs = run.ups, run.downs
    first = Run(min(*ups, position), max(*ups, position), ups, [position], position)
    second = Run(min(*downs, position), max(*downs, position), [position], downs, position)
    runs[index] = first
    runs.append(second)
    for net in nets:
        if any(r is run for r in net.tracks):
            net.tracks = [r for r in net.tracks if r is not run] + [first, second]


def _prefer(runs: Sequence[Run], below: list[set[int]]) -> None:
    """Order runs that overlap: the way that crosses less, as long as that closes no circle."""
    count = len(runs)
    wishes: list[tuple[int, int, int, int]] = []
    for a in range(count):
        first_run = runs[a]
        for b in range(a + 1, count):
            second_run = runs[b]
            if first_run.high < second_run.low or second_run.high < first_run.low:
                continue
            over = _cost(first_run, second_run)
            under = _cost(second_run, first_run)
            first, second = (a, b) if over <= under else (b, a)
            wishes.append((-abs(over - under), abs(first_run.low - second_run.low), first, second))
    wishes.sort()
    reach = _reach(below)
    for _, _, first, second in wishes:
        if reach[first] >> second & 1 or reach[second] >> first & 1:
            continue
        below[first].add(second)
        gained = reach[second] | 1 << second
        for index in range(count):
            if index == first or reach[index] >> first & 1:
                reach[index] |= gained


def _reach(below: Sequence[set[int]]) -> list[int]:
    """Per run, the runs on later tracks, directly or by way of others, as bits."""
    reach = [0] * len(below)
    for run in reversed(_topological(below)):
        for other in below[run]:
            reach[run] |= reach[other] | 1 << other
    return reach


def _pack(runs: Sequence[Run], below: Sequence[set[int]]) -> int:
    """Assign tracks without weighing every pair: no order of hundreds of runs looks good."""
    tracks: list[list[tuple[int, int]]] = []
    for index in _topological(below):
        run = runs[index]
        while run.track < len(tracks) and not _is_free(tracks[run.track], run):
            run.track += 1
        if run.track == len(tracks):
            tracks.append([])
        insort(tracks[run.track], (run.low, run.high))
        for other in below[index]:
            runs[other].track = max(runs[other].track, run.track + 1)
    return len(tracks)


def _is_free(taken: Sequence[tuple[int, int]], run: Run) -> bool:
    spot = bisect_left(taken, (run.low, run.low))
    return (spot == 0 or taken[spot - 1][1] < run.low) and (spot == len(taken) or run.high < taken[spot][0])


def _cost(upper: Run, lower: Run) -> int:
    """Count the crossings there are when one run lies on an earlier track than the other."""
    through = sum(upper.low < p < upper.high for p in lower.ups)
    return through + sum(lower.low < p < lower.high for p in upper.downs)


def _topological(below: Sequence[set[int]]) -> list[int]:
    missing = [0] * len(below)
    for others in below:
        for other in others:
            missing[other] += 1
    sequence = [r for r, m in enumerate(missing) if not m]
    for run in sequence:  # grows while it is walked
        for other in sorted(below[run]):
            missing[other] -= 1
            if not missing[other]:
                sequence.append(other)
    return sequence

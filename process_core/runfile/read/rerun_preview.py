"""What runs again where a recorded run goes on from its past."""

from typing import TYPE_CHECKING, NamedTuple

from process_core.runfile.read.step_counts import StepCount

if TYPE_CHECKING:
    from process_core.runfile.read.reader import RunFile


class RerunPreview(NamedTuple):
    """The calls after a superstep.

    Attributes:
        seq: Seq of the last event that stays.
        calls: Path and number of calls of each step that was called since, or had not ended then.
    """

    seq: int
    calls: tuple[tuple[str, int], ...]


def runs_again(file: "RunFile", superstep: int) -> RerunPreview | None:
    """List the steps that were called after a superstep of the root process."""
    ends = [point for point in file.checkpoints() if not point.path and point.superstep == superstep]
    if not ends:
        return None
    seq = ends[0].seq
    before, now = file.step_counts(seq), file.step_counts()
    order = {node.path: place for place, node in enumerate(file.graph_at(file.count())[1])}
    calls = []
    for path, count in sorted(now.items(), key=lambda item: order.get(item[0], len(order))):
        then = before.get(path, StepCount())
        times = count.invoked - then.invoked + then.running  # what had not ended begins again
        if path and times:
            calls.append((path, times))
    return RerunPreview(seq, tuple(calls))

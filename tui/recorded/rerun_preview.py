"""What runs again where a run goes on from its past."""

from typing import NamedTuple

from process_core.runfile import RunFile, StepCount


class RerunPreview(NamedTuple):
    """The calls after a superstep.

    Attributes:
        seq: Seq of the last event that stays.
        calls: Path and number of calls of each step that was called since, or had not ended then.
    """

    seq: int
    calls: tuple[tuple[str, int], ...]


def runs_again(run_file: RunFile, superstep: int) -> RerunPreview | None:
    """Say which steps were called after a superstep of the root process.

    Args:
        run_file: The recording.
        superstep: The superstep; 0 is before the first.

    Returns:
        The calls; None where that superstep was never over.
    """
    ends = [point for point in run_file.checkpoints() if not point.path and point.superstep == superstep]
    if not ends:
        return None
    seq = ends[0].seq
    before, now = run_file.step_counts(seq), run_file.step_counts()
    calls = []
    order = {node.path: place for place, node in enumerate(run_file.graph_at(run_file.count())[1])}
    for path, count in sorted(now.items(), key=lambda item: order.get(item[0], len(order))):
        then = before.get(path, StepCount())
        times = count.invoked - then.invoked + then.running  # what had not ended begins anew
        if path and times:
            calls.append((path, times))
    return RerunPreview(seq, tuple(calls))

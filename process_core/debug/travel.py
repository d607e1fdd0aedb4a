"""Going back in a recorded run: what happens again when it goes on from an earlier superstep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from process_core.debug.breakpoints import without_index
from process_core.errors import ProcessError
from process_core.runfile import RunFile


@dataclass(frozen=True, slots=True)
class RunsAgain:
    """What runs again when a recorded run goes on after a superstep.

    Attributes:
        superstep: After which superstep of the root.
        seq: Seq of the last event that stays as it is.
        forks: Whether the run goes on in a file of its own, since the recording goes on after that point.
        next: Paths of the steps that run first: those that are called by what was on its way, and those whose call had
            begun and not ended, which begins anew.
        calls: Path -> how often the recording has called the step after that point: what happens again, if all goes as
            it went.
        asked: Path -> how often it asked after that point: what somebody is asked again.
    """

    superstep: int
    seq: int
    forks: bool
    next: tuple[str, ...]
    calls: Mapping[str, int]
    asked: Mapping[str, int]

    @property
    def text(self) -> str:
        """The same in one line."""
        how = "forks into a new file" if self.forks else "goes on in its own file"
        if not self.next and not self.calls:
            return f"{how} after superstep {self.superstep}; no step runs again"
        again = [f"{path} ({count} times)" if count > 1 else path for path, count in self.calls.items()]
        again += [path for path in self.next if path not in self.calls]
        asked = f"; asks again: {', '.join(self.asked)}" if self.asked else ""
        return f"{how} after superstep {self.superstep}; runs again: {', '.join(again)}{asked}"


def runs_again(file: RunFile, superstep: int | None = None) -> RunsAgain:
    """Say what runs again when a recorded run goes on after a superstep.

    Args:
        file: The run file.
        superstep: After which superstep of the root; None is the last.

    Returns:
        What does. From the last superstep only calls that had not ended begin anew, for the results of the others are
        in the file; from an earlier one everything after it happens again.

    Raises:
        ProcessError: The file holds no such superstep.
    """
    points = {point.superstep: point for point in file.checkpoints() if not point.path}
    if not points:
        raise ProcessError(f"{file.path} holds no superstep that the run could go on from")
    wanted = max(points) if superstep is None else superstep
    if wanted not in points:
        raise ProcessError(f"{file.path} holds no superstep {wanted}; it has {min(points)} to {max(points)}")
    point, forks = points[wanted], wanted != max(points)
    frozen = file.extra_at(point.seq)
    root = frozen.get("root", {}) if isinstance(frozen, Mapping) else {}
    routes = {edge.key: edge.target for edge in file.graph_at(point.seq)[2]}
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    asked: dict[str, int] = {}
    for one in file.totals(after=point.seq):
        path = without_index(one.path)
        if one.type == "executor_invoked":
            begun[path] = begun.get(path, 0) + one.number
        elif one.type in _ENDS and one.code != "payload_mismatch":
            ended[path] = ended.get(path, 0) + one.number
        elif one.type == "request_info":
            asked[path] = asked.get(path, 0) + one.number
    if forks:
        return RunsAgain(wanted, point.seq, forks, tuple(dict.fromkeys(_first(root, "", routes))), begun, asked)
    unfinished = {path: count - ended.get(path, 0) for path, count in begun.items() if count > ended.get(path, 0)}
    first = () if begun else tuple(dict.fromkeys(_first(root, "", routes)))
    return RunsAgain(wanted, point.seq, forks, tuple(dict.fromkeys([*unfinished, *first])), unfinished, {})


_ENDS = ("executor_completed", "executor_failed", "executor_cancelled")


def _first(frozen: Mapping[str, Any], prefix: str, routes: Mapping[str, str]) -> list[str]:
    """Give the steps that run first, of a process as its checkpoint describes it."""
    found = [routes.get(without_index(prefix) + message["route"], "") for message in frozen.get("pending", ())]
    for call in (*frozen.get("parked", ()), *frozen.get("queued", ())):
        path = f"{prefix}{call['step']}"
        if "process" in call:
            found += _first(call["process"], f"{path}/", routes)
        else:
            found.append(without_index(path))
    for name, inner in frozen.get("nested", {}).items():
        found += _first(inner, f"{prefix}{name}/", routes)
    return [path for path in found if path]

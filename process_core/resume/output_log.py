"""What left a run, outputs and public events, as its checkpoints keep it.

A checkpoint holds what its own superstep added, and says which earlier one holds more: the checkpoints that hold
anything make up a chain, so that none grows with the run and none is looked at in vain.
"""

from collections.abc import Sequence
from typing import Any, Final

from process_core.events import NO_DATA, ProcessEvent, Visibility
from process_core.resume.reconstruct import NotRestorableError, Reconstructor
from process_core.runfile import RunFile
from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode

_HELD: Final = "yielded"
_BEFORE: Final = "yielded_before"


class OutputLog:
    """Writes the chain.

    Args:
        outputs: The outputs of the run, growing.
        public_events: Its public events, growing.
    """

    def __init__(self, outputs: Sequence[Any], public_events: Sequence[ProcessEvent]) -> None:
        self._outputs = outputs
        self._public_events = public_events
        self._seen = (len(outputs), len(public_events))
        self._last = 0
        self._rest: dict[str, Any] = {}

    def continue_after(self, extra: dict[str, Any], seq: int) -> None:
        """Go on after the checkpoint of a recorded run."""
        self._last = seq if _HELD in extra else extra.get(_BEFORE, 0)

    def unchanged(self) -> dict[str, Any] | None:
        """Return what the next checkpoint holds, unless something has come since the one before."""
        if self._seen != (len(self._outputs), len(self._public_events)):
            return None
        if self._last != self._rest.get(_BEFORE, 0):
            self._rest = {_BEFORE: self._last}
        return self._rest

    def put(self, extra: dict[str, Any], seq: int) -> None:
        """Add what has come since the checkpoint before to the next one."""
        if self._last:
            extra[_BEFORE] = self._last
        outputs, events = self._outputs[self._seen[0] :], self._public_events[self._seen[1] :]
        if not outputs and not events:
            return
        # As text: the run can go on without what is kept here only by its repr, and it is read only when asked for.
        emitted = [[event.id, event.data if event.has_data else NO_DATA] for event in events]
        extra[_HELD] = encode({"outputs": list(outputs), "events": emitted}).decode()
        self._seen = (len(self._outputs), len(self._public_events))
        self._last = seq


def read_outputs(file: RunFile, seq: int, reconstructor: Reconstructor) -> tuple[list[Any], list[ProcessEvent]]:
    """Return what had left a run.

    Args:
        file: The run file.
        seq: Seq of a checkpoint.
        reconstructor: Makes values live again; what it cannot make is given as it was recorded.
    """
    batches: list[dict[str, Any]] = []
    while seq:
        extra = file.extra_at(seq) or {}
        before = extra.get(_BEFORE, 0)
        if _HELD in extra:
            batches.append(decode(extra[_HELD]))
        if before >= seq:
            break  # no checkpoint points forward: the file is damaged, and must not hold us for ever
        seq = before
    batches.reverse()
    outputs = [_revived(reconstructor, output) for part in batches for output in part["outputs"]]
    events = [
        ProcessEvent(event_id, _revived(reconstructor, data), Visibility.PUBLIC)
        for part in batches
        for event_id, data in part["events"]
    ]
    return outputs, events


def _revived(reconstructor: Reconstructor, value: Any) -> Any:
    try:
        return reconstructor.revive(value)
    except NotRestorableError:
        return value

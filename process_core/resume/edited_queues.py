"""Queues that were changed by hand after a checkpoint: they are changed again when a run is resumed."""

from collections.abc import Mapping, Sequence
from typing import Any

from process_core.engine.checkpoint import load_queue
from process_core.engine.records import Message, ProcessRecord, RunRecord


class EditedQueues:
    """Return each superstep that goes again the messages that its first attempt had been given by hand.

    Args:
        recorded: What the run file says of changed queues, in order; the last word on a superstep counts.
    """

    def __init__(self, recorded: Sequence[Mapping[str, Any]]) -> None:
        self._queues: dict[tuple[str, int], Mapping[str, Any]] = {}
        for queue in recorded:
            key = queue["path"], queue["superstep"]
            first = self._queues.get(key, queue)  # what came by itself is what came at the first attempt
            self._queues[key] = {**queue, "came": first["came"]}

    def attach(self, run: RunRecord) -> None:
        """Change the queues of a resumed run, not launched yet, as it comes to them."""
        if self._queues:
            run.edit_batch = self.batch

    def batch(self, process: ProcessRecord, batch: list[Message]) -> list[Message]:
        """Return the messages of a superstep.

        Args:
            process: The process, at the beginning of the superstep.
            batch: The messages it would deliver.
        """
        queue = self._queues.pop((process.prefix[:-1], process.superstep), None)
        if not self._queues:
            process.run.edit_batch = None
        if queue is None:
            return batch
        if queue["came"] == [message.route.id for message in batch]:
            try:
                return load_queue(process, queue)
            except (LookupError, TypeError, ValueError):
                pass
        process.warn(
            "changed_queue_lost",
            "the messages of this superstep had been changed by hand before the run was cut off; that does not fit what"
            " comes now, so they are delivered unchanged",
            changed=queue["came"],
        )
        return batch

"""Recording a run into a file while it goes on."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from process_core.graph import Edge, Node
from process_core.runfile.codec.decode import is_restorable
from process_core.runfile.codec.encode import encode
from process_core.runfile.codec.graphs import dump_edges, dump_metadata, dump_nodes
from process_core.runfile.errors import RunFileError
from process_core.runfile.write.batch_writer import CheckpointItem, GraphItem, StateItem
from process_core.runfile.write.open_for_write import OpenedForWriting, open_again, open_new
from process_core.runfile.write.write_queue import WriteQueue


class RunFileWriter(WriteQueue):
    """Records one run into a new file.

    All is called on the thread of the run; `written`, `failed` and the length of `backlog` may be read from any.
    Recording never ends a run: when writing fails, `on_error` is told once, what was written before stays, and later
    calls do nothing.

    Args:
        path: Where; nothing may be there yet, missing folders are made.
        process: Name of the process.
        run_id: Id of the run.
        graph_nodes: The steps, for a reader to draw.
        graph_edges: The routes, for a reader to draw.
        metadata: Anything else that a reader should know, JSON-able.
        started: When the run started, in seconds since the epoch; now if left out.
        target: What was run (`path.py:attr`), for a person and for resuming.
        parent: For a fork: run id, superstep and seq of the point it starts from.
        on_error: Called once, on the writer's thread or within the constructor, with what ended the recording; left
            out, the constructor raises and later errors only show in `failed`.
        on_written: Called on the writer's thread with the last seq after each commit.

    Attributes:
        path: The file.
        written: Seq of the last event that is in the file for good; a screen is told of none beyond it.
        failed: What ended the recording, or None.
        generation: Generation of the code, stamped on the events appended from now on.

    Raises:
        RunFileError: Nothing can be recorded there, and there is no `on_error`.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        process: str,
        run_id: str,
        graph_nodes: Iterable[Node] = (),
        graph_edges: Iterable[Edge] = (),
        metadata: Mapping[str, Any] | None = None,
        started: float | None = None,
        target: str | None = None,
        parent: tuple[str, int | None, int] | None = None,
        on_error: Callable[[RunFileError], None] | None = None,
        on_written: Callable[[int], None] | None = None,
    ) -> None:
        def make() -> OpenedForWriting:
            parent_run, parent_superstep, parent_seq = parent or (None, None, None)
            run = {
                "run_id": run_id,
                "process": process,
                "target": target,
                "started": time.time() if started is None else started,
                "parent_run": parent_run,
                "parent_superstep": parent_superstep,
                "parent_seq": parent_seq,
                "metadata": dump_metadata(metadata or {}),
            }
            return open_new(Path(path), run, dump_nodes(graph_nodes), dump_edges(graph_edges))

        super().__init__(path, make, on_error, on_written)

    @classmethod
    def resume(
        cls,
        path: str | Path,
        *,
        on_error: Callable[[RunFileError], None] | None = None,
        on_written: Callable[[int], None] | None = None,
    ) -> Self:
        """Go on recording into the file of an interrupted run.

        Args:
            path: The run file.
            on_error: As for a new file.
            on_written: As for a new file.

        Returns:
            A writer whose `written` is the last seq in the file; the next event must be the one after.

        Raises:
            RunFileError: Nothing can be recorded there, and there is no `on_error`.
        """
        writer = cls.__new__(cls)
        WriteQueue.__init__(writer, path, lambda: open_again(Path(path)), on_error, on_written)
        return writer

    def checkpoint(
        self,
        *,
        superstep: int,
        seq: int,
        path: str = "",
        states: Mapping[str, Any] | None = None,
        versions: Mapping[str, str] | None = None,
        pending: Iterable[Any] | None = None,
        joins: Iterable[Any] | None = None,
        requests: Iterable[Any] | None = None,
        answers: Iterable[Any] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> tuple[str, ...]:
        """Take in what is needed to show the run at this point, and to go on from it.

        Call it after each superstep, with the states that have changed since the checkpoint before (at the first one:
        all), and with the other lists as they stand now, whole. Everything is written as it is at the call. A list that
        has not changed since the last checkpoint is stored once.

        Args:
            superstep: The superstep that is over, 0 before the first.
            seq: Seq of the last event that the checkpoint covers; that event must have been appended.
            path: The process whose superstep it is, empty for the root.
            states: Changed states, step path -> state.
            versions: Of the steps among them whose `Step.version` is not "1", step path -> version.
            pending: The messages to be delivered next, in order; mappings of the engine's own making.
            joins: The half-filled joins.
            requests: The open requests.
            answers: The answers recorded for invocations that have not finished, in order.
            extra: A mapping of whatever else the engine needs to go on (counters, nested processes, parked calls).

        Returns:
            What cannot be made again from the file, because a value in it can only be written as its repr: step paths,
            and `pending`, `joins`, `requests`, `answers` or `extra`.
        """
        if self.failed is not None:
            return ()
        lost: list[str] = []
        bodies: dict[str, bytes] = {}
        if states:
            for step, state in states.items():
                bodies[step] = body = encode(state)
                if not is_restorable(body):
                    lost.append(step)
        parts: dict[str, bytes] = {}
        given = {"pending": pending, "joins": joins, "requests": requests, "answers": answers, "extra": extra}
        for name, part in given.items():
            if part is not None:
                parts[name] = body = encode(part if name == "extra" else list(part))
                if not is_restorable(body):
                    lost.append(name)
        self._put(CheckpointItem(path, superstep, seq, bodies, dict(versions) if versions else {}, parts))
        return tuple(lost)

    def brief_checkpoint(self, brief: str, *, superstep: int, seq: int) -> None:
        """Take in a checkpoint of the root at which no state has changed and little is pending.

        Args:
            brief: What it holds, as `process_core.runfile.codec.compact_checkpoint` describes it.
            superstep: The superstep that is over.
            seq: Seq of the last event that it covers; that event must have been appended.
        """
        self.backlog.put((superstep, seq, brief))
        if self.needs_attention:
            self.after_row()

    def state(self, path: str, state: Any, *, seq: int, version: str | None = None) -> bool:
        """Take in the state of a step as an invocation left it.

        Call it just before the event that ends the invocation is appended: then no file holds that event without the
        state that goes with it.

        Args:
            path: The step.
            state: Its state, written as it is now.
            seq: Seq that the ending event will have.
            version: The step's `Step.version`, None for "1".

        Returns:
            Whether a value in it can only be written as its repr, so that it cannot be made again from the file.
        """
        if self.failed is not None:
            return False
        body = encode(state)
        self._put(StateItem(path, seq, version, body))
        return not is_restorable(body)

    def new_generation(
        self,
        generation: int,
        *,
        seq: int,
        graph_nodes: Iterable[Node],
        graph_edges: Iterable[Edge],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Take in that the code was reloaded: events appended from now on carry the generation.

        Args:
            generation: Its number, one more than the one before.
            seq: Seq of the last event of the one before.
            graph_nodes: The steps it has.
            graph_edges: The routes it has.
            metadata: What a reader should know of it (source digests), JSON-able.
        """
        self.generation = generation
        self.shapes.new_generation()
        if self.failed is None:
            nodes, edges = dump_nodes(graph_nodes), dump_edges(graph_edges)
            self._put(GraphItem(generation, seq, nodes, edges, dump_metadata(metadata or {})))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

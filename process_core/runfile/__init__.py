"""The run file: one SQLite file per run, written while the run goes on and read by any number of readers.

Writing, on the run's own thread: `RunFileWriter.append` for every event, `checkpoint` after every superstep, `close` at
the end. What they are given is taken in as it is at that moment; a thread commits it at most 50 milliseconds later, and
`written` says how far the file goes. Nothing that happens to the file ends the run.

Reading, in any process: `RunFile` gives pages of rows by place (event n stands at place n - 1), payloads by reference,
`FilteredRows` that a `Filter` keeps, found a piece at a time, counts and last events per step, and the states at any
event. Nothing of the recorded program is imported or run: what JSON does not know comes as `Tagged`.
"""

from process_core.runfile.codec.decode import Tagged, to_plain
from process_core.runfile.codec.encode import encode_plain
from process_core.runfile.errors import RunFileError
from process_core.runfile.fork import fork_run_file
from process_core.runfile.query.filtered_rows import FilteredRows
from process_core.runfile.query.filters import Filter
from process_core.runfile.query.globs import element_globs, matches_event, matches_path, without_index
from process_core.runfile.read.causes import is_from_outside, walk_back, walk_forward
from process_core.runfile.read.history import Checkpoint, Snapshot, checkpoints
from process_core.runfile.read.info import RunInfo
from process_core.runfile.read.reader import RunFile
from process_core.runfile.read.rows import PayloadRef, Row
from process_core.runfile.read.run_at_event import BufferedInput, RecordedMessage, RunAtEvent, superstep_end
from process_core.runfile.read.step_counts import EventTotals, RerunPreview, StepCount
from process_core.runfile.runs import (
    RUNS_FOLDER,
    UnreadableRun,
    export_jsonl,
    list_runs,
    new_run_path,
    prune_runs,
    remove_run,
    runs_folder,
)
from process_core.runfile.write.writer import RunFileWriter

__all__ = [
    "RUNS_FOLDER",
    "BufferedInput",
    "Checkpoint",
    "EventTotals",
    "Filter",
    "FilteredRows",
    "PayloadRef",
    "RecordedMessage",
    "RerunPreview",
    "Row",
    "RunAtEvent",
    "RunFile",
    "RunFileError",
    "RunFileWriter",
    "RunInfo",
    "Snapshot",
    "StepCount",
    "Tagged",
    "UnreadableRun",
    "checkpoints",
    "element_globs",
    "encode_plain",
    "export_jsonl",
    "fork_run_file",
    "is_from_outside",
    "list_runs",
    "matches_event",
    "matches_path",
    "new_run_path",
    "prune_runs",
    "remove_run",
    "runs_folder",
    "superstep_end",
    "to_plain",
    "walk_back",
    "walk_forward",
    "without_index",
]

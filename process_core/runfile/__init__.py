"""The run file: one SQLite file per run, written while the run goes on and read by any number of readers."""

from process_core.runfile.decode import Tagged, to_plain
from process_core.runfile.errors import RunFileError
from process_core.runfile.filters import Filter
from process_core.runfile.fork import fork_run_file
from process_core.runfile.globs import matches_path
from process_core.runfile.history import Checkpoint, Snapshot, checkpoints
from process_core.runfile.info import RunInfo, StepCount
from process_core.runfile.reader import RunFile
from process_core.runfile.rows import PayloadRef, Row
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
from process_core.runfile.views import View
from process_core.runfile.writer import RunFileWriter

__all__ = [
    "RUNS_FOLDER",
    "Checkpoint",
    "Filter",
    "PayloadRef",
    "Row",
    "RunFile",
    "RunFileError",
    "RunFileWriter",
    "RunInfo",
    "Snapshot",
    "StepCount",
    "Tagged",
    "UnreadableRun",
    "View",
    "checkpoints",
    "export_jsonl",
    "fork_run_file",
    "list_runs",
    "matches_path",
    "new_run_path",
    "prune_runs",
    "remove_run",
    "runs_folder",
    "to_plain",
]

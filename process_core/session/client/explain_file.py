"""Explains a recorded run from its file, without a worker and without the code that it ran."""

from pathlib import Path

from process_core.debug.explain.model import Explanation
from process_core.runfile import RunFile
from process_core.session.protocol.verbs import Explain


def explain_file(path: Path, question: Explain, until: int | None = None) -> Explanation:
    """Answer a question about a recorded run.

    Args:
        path: Its file.
        question: The same as for a live run.
        until: The last event that counts for a step, to explain the past; None for the end.

    Raises:
        ProcessError: The file has no such event or step, or cannot be read.
    """
    from process_core.debug import explain_recorded  # noqa: PLC0415 - loads the debugger, only when asked

    with RunFile(path) as file:
        return explain_recorded(file, seq=question.seq, path=question.path, function=question.function, until=until)

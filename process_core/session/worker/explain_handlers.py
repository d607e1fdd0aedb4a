"""Answers "why": of the run that a session holds, or of a recorded one from its file."""

from dataclasses import asdict

from process_core.debug import Debugger, explain_recorded
from process_core.runfile import RunFile
from process_core.session.protocol.explanation import Explain, Explanation


def explain_run(debugger: Debugger, command: Explain) -> Explanation:
    """Answer for the run that a debugger holds.

    Args:
        debugger: The debugger.
        command: The question.

    Returns:
        The answer, ready to be sent.

    Raises:
        ProcessError: There is no such thing, or no run.
    """
    found = debugger.explain(seq=command.seq, path=command.path, function=command.function)
    return Explanation.model_validate(asdict(found))


def explain_file(file: RunFile, command: Explain, until: int | None = None) -> Explanation:
    """Answer for a recorded run, without the code that it ran.

    Args:
        file: Its file.
        command: The question.
        until: The last event that counts for a step, to explain the past; None for the end.

    Returns:
        The answer.

    Raises:
        ProcessError: There is no such thing, or the file cannot be read.
    """
    found = explain_recorded(file, seq=command.seq, path=command.path, function=command.function, until=until)
    return Explanation.model_validate(asdict(found))

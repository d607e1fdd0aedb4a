"""The messages between the parts of the app: each part handles its own, and nobody reaches into another."""

from textual.message import Message

from process_core.runfile import RunInfo
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.verbs import ResumeChoices


class ActionWanted(Message):
    """A part of the screen wants an action done.

    Attributes:
        action: Name of the action.
        argument: As after its verb.
    """

    def __init__(self, action: str, argument: str = "") -> None:
        self.action = action
        self.argument = argument
        super().__init__()


class TargetRefused(Message):
    """The target cannot be loaded or its recorded run not be resumed; what ran before still does.

    Attributes:
        target: Which.
        failure: Why not.
        is_first: Whether it is what the app was opened for, so that nothing ran before.
    """

    def __init__(self, target: str, failure: Failure, *, is_first: bool = False) -> None:
        self.target = target
        self.failure = failure
        self.is_first = is_first
        super().__init__()


class ResumeWanted(Message):
    """The user wants to resume a recorded run.

    Attributes:
        info: The run.
        superstep: After which superstep; None at its end.
        choices: What is done with what does not fit the code.
    """

    def __init__(self, info: RunInfo, superstep: int | None, choices: ResumeChoices) -> None:
        self.info = info
        self.superstep = superstep
        self.choices = choices
        super().__init__()

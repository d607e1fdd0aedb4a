"""What the parts of the app tell each other; each part handles what it is told, and nobody reaches into another."""

from textual.message import Message

from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.status import OpenRequest


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


class AnswerGiven(Message):
    """The user answered an open question.

    Attributes:
        request: The question.
        text: The answer as typed.
    """

    def __init__(self, request: OpenRequest, text: str) -> None:
        self.request = request
        self.text = text
        super().__init__()


class TargetRefused(Message):
    """The target cannot be loaded; what ran before still does.

    Attributes:
        target: Which.
        failure: Why not.
    """

    def __init__(self, target: str, failure: Failure) -> None:
        self.target = target
        self.failure = failure
        super().__init__()

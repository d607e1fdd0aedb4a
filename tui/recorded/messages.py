"""What the screen of a recorded run tells the app."""

from textual.message import Message

from process_core.runfile import RunInfo


class ResumeWanted(Message):
    """The user wants to go on with the run.

    Attributes:
        info: The run.
        superstep: After which superstep; None at its end.
    """

    def __init__(self, info: RunInfo, superstep: int | None) -> None:
        self.info = info
        self.superstep = superstep
        super().__init__()

"""What a call asks, and what an earlier attempt of it was answered: a question is known by what it asks (rule 36)."""

from typing import Any, NamedTuple


class RecordedQuestion(NamedTuple):
    """A question of a call, as a checkpoint or a run file has it.

    Attributes:
        request_id: Id of its request, which stays when it is asked again.
        prompt: What was asked.
        is_answered: Whether there is an answer.
        answer: The answer.
    """

    request_id: str
    prompt: Any
    is_answered: bool = False
    answer: Any = None


class RequestLog:
    """The questions of one call. One is named by its likeness, the same for the same prompt and type, and its number.

    Attributes:
        open: Number of its open requests.
        answered: The questions that it was answered, by name.
        recorded: What an earlier attempt asked and this one has not asked again so far, by name.
    """

    __slots__ = ("_times", "answered", "open", "recorded")

    def __init__(self) -> None:
        self.open = 0
        self.answered: dict[str, RecordedQuestion] = {}
        self.recorded: dict[str, RecordedQuestion] = {}
        self._times: dict[str, int] = {}

    def name(self, likeness: str) -> str:
        """Name the question that is asked next."""
        number = self._times[likeness] = self._times.get(likeness, 0) + 1
        return f"{likeness}#{number}"

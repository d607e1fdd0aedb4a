"""The answer to "why": what led to an event and what it led to, or where a step stands and what it waits for."""

from dataclasses import dataclass
from typing import NamedTuple


class Question(NamedTuple):
    """What is asked about: an event by its seq, or a step by its path, and one function of it where that is meant."""

    seq: int | None = None
    path: str | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainedEvent:
    """An event in a chain of causes or effects.

    Attributes:
        seq: Its seq.
        depth: How far from the event asked about; 0 is itself.
        text: In one line.
    """

    seq: int
    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class ExplainedRoute:
    """A route that could bring a parameter, and why it has not.

    Attributes:
        route: Its id, or its key where it is in a nested process.
        source: Path of the step it comes from; empty for outside events.
        event_id: The event it carries.
        code: What has become of it: `arrived`, `used`, `pending`, `held`, `refused`, `not_sent`, `no_error`,
            `source_not_run`, `source_running`, `source_waiting`, `source_failed`, `not_emitted`, `condition_false`,
            `condition_failed`, `otherwise_not_taken`, `internal_event`, `stopped`, `discarded`.
        text: The same in words.
        seq: The event to look at, where there is one.
    """

    route: str
    source: str
    event_id: str
    code: str
    text: str
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class ExplainedInput:
    """A parameter of a function, with what has arrived.

    Attributes:
        parameter: Its name; empty where the function is triggered without data.
        is_required: Whether the function waits for it.
        arrived: Seqs of the events whose values wait for their partners.
        routes: What could bring it.
    """

    parameter: str
    is_required: bool = True
    arrived: tuple[int, ...] = ()
    routes: tuple[ExplainedRoute, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedFunction:
    """A function: what it has done, and what it waits for.

    Attributes:
        function: Its name.
        runs: Times it was invoked.
        text: Where it stands, in one line.
        last_seq: Seq of the last event about it.
        inputs: Its bound parameters.
    """

    function: str
    runs: int
    text: str
    last_seq: int | None = None
    inputs: tuple[ExplainedInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer.

    Attributes:
        title: The question, in words.
        summary: The answer in one or two sentences.
        causes: From the outside input to the event asked about, oldest first.
        effects: What it led to, oldest first.
        functions: Of the step asked about.
    """

    title: str
    summary: str
    causes: tuple[ExplainedEvent, ...] = ()
    effects: tuple[ExplainedEvent, ...] = ()
    functions: tuple[ExplainedFunction, ...] = ()

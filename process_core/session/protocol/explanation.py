"""Why something happened, or has not: the question and the answer as they travel."""

from typing import Literal

from process_core.session.protocol.envelope import Command, Message


class Explain(Command):
    """Ask why; answers with an `Explanation`.

    Attributes:
        seq: Of an event: what led to it, and what it led to.
        path: Of a step: what it has done, and what it waits for.
        function: Of that step, where one is meant.
    """

    type: Literal["explain"] = "explain"
    seq: int | None = None
    path: str | None = None
    function: str | None = None


class ExplainedEvent(Message):
    """An event in a chain of causes or effects.

    Attributes:
        seq: Its seq.
        depth: How far from the event asked about; 0 is itself.
        text: In one line.
    """

    seq: int
    depth: int
    text: str


class ExplainedRoute(Message):
    """A route that could bring a parameter, and why it has not.

    Attributes:
        route: Its id, or its key where it is in a nested process.
        source: Path of the step it comes from; empty for outside events.
        event_id: The event it carries.
        code: `source_not_run`, `not_emitted`, `condition_false`, `otherwise_not_taken`, `internal_event`, `stopped`,
            `discarded`, `pending`, `held`, `source_running`, `source_waiting`, `source_failed`, `arrived`, ...
        text: The same in words.
        seq: The event to look at, where there is one.
    """

    route: str
    source: str
    event_id: str
    code: str
    text: str
    seq: int | None = None


class ExplainedInput(Message):
    """A parameter of a function, with what has arrived.

    Attributes:
        parameter: Its name; empty where the function is triggered without data.
        is_required: Whether the function waits for it.
        arrived: Seqs of the events whose values wait in its FIFO.
        routes: What could bring it.
    """

    parameter: str
    is_required: bool = True
    arrived: tuple[int, ...] = ()
    routes: tuple[ExplainedRoute, ...] = ()


class ExplainedFunction(Message):
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


class Explanation(Message):
    """The answer.

    Attributes:
        title: The question, in words.
        summary: The answer in one or two sentences.
        causes: From the outside input to the event asked about.
        effects: What it led to.
        functions: Of the step asked about.
    """

    title: str
    summary: str
    causes: tuple[ExplainedEvent, ...] = ()
    effects: tuple[ExplainedEvent, ...] = ()
    functions: tuple[ExplainedFunction, ...] = ()

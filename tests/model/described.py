"""Processes as plain data, and what the steps of such a process do; read by the model and by the real builder."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FAILURE = "failure"
"""What stands for a StepFailure in logs and inputs."""
SHAPES = {"none": (), "one": ("a",), "pair": ("a", "b"), "option": ("a", "b"), "optional": ("a",)}
"""Per shape of function, its parameters."""
REQUIRED = {"none": (), "one": ("a",), "pair": ("a", "b"), "option": ("a",), "optional": ()}
"""Per shape of function, its required parameters."""
CONDITIONS = {"positive": lambda data: data > 0, "even": lambda data: data % 2 == 0}
"""The predicates that routes may have."""


@dataclass(frozen=True)
class Function:
    """A function: takes numbers, emits while they are positive, may fail, returns a number.

    Attributes:
        name: Its name.
        shape: Which parameters it has, see `SHAPES`.
        emits: The events it emits, as (id, whether public).
        fails_on: It fails where its fuel modulo 3 is this.
        public_result: Whether its automatic result is public.
        naps: How often it gives way to other steps.
        wild: What the model does not know: it "asks" and waits for the answer, is "plain" (`def`), or "strict" (takes
            integers only, so that a failure as payload does not fit).
    """

    name: str
    shape: str
    emits: tuple[tuple[str, bool], ...] = ()
    fails_on: int | None = None
    public_result: bool = False
    naps: int = 0
    wild: str | None = None


@dataclass(frozen=True)
class PlainStep:
    """A step with functions, whose state is the log of its calls."""

    name: str
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class Way:
    """A route: source (step or None, event id) to target (step, function, parameter), or to stop where that is None.

    The source (None, "OnError") is the error route of the process; any other without a step is an outside event.
    """

    source: tuple[str | None, str]
    target: tuple[str, str, str | None] | None
    when: str | None = None


@dataclass(frozen=True)
class Joining:
    """A `listen_for`: sources, target (step, function), and per source the parameter it feeds, or None."""

    sources: tuple[tuple[str | None, str], ...]
    target: tuple[str, str]
    parameters: tuple[str | None, ...]


@dataclass(frozen=True)
class Described:
    """A whole process; nested ones are steps."""

    name: str
    steps: "tuple[PlainStep | Described, ...]"
    ways: tuple[Way, ...]
    joins: tuple[Joining, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The outside events it takes in."""
        ids = [way.source[1] for way in self.ways if way.source[0] is None and way.source[1] != "OnError"]
        return tuple(dict.fromkeys(ids))


def fuel_of(function: Function, inputs: dict[str, Any], log: list[Any]) -> int:
    """Note the call in the log of its step, and give the number that decides what the function does."""
    shown = {name: value if isinstance(value, int) else FAILURE for name, value in inputs.items()}
    fuel = min((v if isinstance(v, int) else 1 for v in shown.values()), default=2 - len(log))
    log.append((function.name, *sorted(shown.items())))
    return fuel


def emissions(function: Function, fuel: int) -> Iterator[tuple[str, int, bool]]:
    """Return what the function emits, as (id, data, whether public)."""
    if fuel > 0:
        yield from ((event, fuel - 1, public) for event, public in function.emits)


def fails(function: Function, fuel: int) -> bool:
    """Whether the function fails, after it emitted."""
    return function.fails_on is not None and fuel % 3 == function.fails_on

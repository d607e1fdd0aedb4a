"""Strategies that draw random processes, and the outside events to give them."""

from typing import Any

from described import REQUIRED, SHAPES, Described, Function, Joining, PlainStep, Way
from hypothesis import strategies as st

EVENTS = ("A", "B", "C")


@st.composite
def functions(draw: st.DrawFn, name: str, wild: bool) -> Function:
    """Draw a function, a wild one only where that is asked for."""
    return Function(
        name,
        draw(st.sampled_from(["one", "one", "one", "none", "pair", "option", "optional"])),
        tuple(draw(st.lists(st.tuples(st.sampled_from(EVENTS), st.booleans()), min_size=1, max_size=3))),
        draw(st.sampled_from([None, None, None, 0, 1, 2])),
        draw(st.sampled_from([False, False, True])),
        draw(st.integers(0, 2)),
        draw(st.sampled_from([None, None, "asks", "plain", "strict"])) if wild else None,
    )


@st.composite
def steps(draw: st.DrawFn, name: str, depth: int, wild: bool) -> PlainStep | Described:
    """Draw a step: plain, or a nested process."""
    if depth and draw(st.integers(0, 3)) == 3:
        return draw(processes(name=name, depth=depth - 1, wild=wild))
    return PlainStep(name, tuple(draw(functions(f"f{n}", wild)) for n in range(draw(st.integers(1, 2)))))


class Wiring:
    """The routes of one process while they are drawn."""

    def __init__(self, draw: st.DrawFn, members: tuple[PlainStep | Described, ...]) -> None:
        self.draw = draw
        self.members = members
        self.plain = [(s.name, f) for s in members if isinstance(s, PlainStep) for f in s.functions]
        self.ways: list[Way] = []
        self.joined: set[tuple[str, str]] = set()

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == one_in

    def targets(self, *, data: bool) -> list[tuple[str, str, str | None]]:
        """Return what a route may lead to; without data only what is merely triggered."""
        found: list[tuple[str, str, str | None]] = []
        for step, function in self.plain:
            if (step, function.name) in self.joined:
                continue
            if function.shape == "none":
                found.append((step, function.name, None))
            elif data:
                found += [(step, function.name, parameter) for parameter in SHAPES[function.shape]]
        if data:
            found += [(s.name, event, None) for s in self.members if isinstance(s, Described) for event in s.inputs]
        return found

    def handlers(self) -> list[tuple[str, str, str | None]]:
        """Return what an error route may lead to."""
        return [
            (step, f.name, "a" if f.shape == "one" else None)
            for step, f in self.plain
            if f.shape in {"none", "one"} and (step, f.name) not in self.joined
        ]

    def sources(self) -> list[tuple[str, str]]:
        """Return the sources that carry a number."""
        found = []
        for step in self.members:
            if isinstance(step, PlainStep):
                emitted = [event for f in step.functions for event, _ in f.emits]
                found += [(step.name, event) for event in (*emitted, *(f"{f.name}.OnResult" for f in step.functions))]
            else:
                found += [(step.name, event) for event in (*EVENTS, "f0.OnResult")]
        return list(dict.fromkeys(found))

    def add(self, source: tuple[str | None, str], targets: list[Any], when: str | None = None) -> None:
        """Draw a target and route the source to it, once."""
        if targets:
            target = self.draw(st.sampled_from(targets))
            if not any((way.source, way.target) == (source, target) for way in self.ways):
                self.ways.append(Way(source, target, when))

    def add_value_routes(self) -> None:
        for source in self.sources():
            automatic = source[1].endswith(".OnResult")
            for _ in range(self.draw(st.sampled_from([0, 1, 1, 2]))):
                if automatic:
                    when = self.draw(st.sampled_from(["positive", "positive", "even"]))
                else:
                    when = self.draw(st.sampled_from([None, None, None, "positive", "even", "otherwise"]))
                stop = self.chance(10)
                self.add(source, [None] if stop else self.targets(data=True), when)

    def add_other_routes(self) -> None:
        for step in self.members:
            if isinstance(step, Described):
                if self.chance(2):
                    self.add((step.name, "OnResult"), self.targets(data=False))
                if self.chance(3):
                    self.add((step.name, "OnError"), self.handlers())
            else:
                for function in step.functions:
                    if function.fails_on is not None and self.chance(2):
                        self.add((step.name, f"{function.name}.OnError"), self.handlers())
        if self.chance(3):
            self.add((None, "OnError"), self.handlers())

    def feed_all(self, inputs: list[str]) -> None:
        """Add what is missing: every required parameter of a targeted function has a route."""
        for step, function in self.plain:
            fed = {way.target[2] for way in self.ways if way.target and way.target[:2] == (step, function.name)}
            for parameter in REQUIRED[function.shape]:
                if fed and parameter not in fed:
                    source = self.draw(st.sampled_from([*self.sources(), *((None, event) for event in inputs)]))
                    self.ways.append(Way(source, (step, function.name, parameter)))

    def joins(self, inputs: list[str]) -> tuple[Joining, ...]:
        """Draw the sources of the functions that were set aside for joins."""
        drawn = []
        pool = [*self.sources(), *((None, event) for event in inputs)]
        for step, function in self.plain:
            if (step, function.name) in self.joined and len(pool) > 1:
                sources = tuple(self.draw(st.lists(st.sampled_from(pool), min_size=2, max_size=3, unique=True)))
                fed: tuple[str | None, ...] = SHAPES[function.shape]
                drawn.append(Joining(sources, (step, function.name), (*fed, None, None, None)[: len(sources)]))
        return tuple(drawn)


@st.composite
def processes(draw: st.DrawFn, name: str = "P", depth: int = 2, wild: bool = False) -> Described:
    """Draw a process that can be built."""
    prefix = "S" if depth == 2 else name
    members = tuple(draw(steps(f"{prefix}{n}", depth, wild)) for n in range(draw(st.sampled_from([1, 2, 3, 3, 4]))))
    wiring = Wiring(draw, members)
    for step, function in wiring.plain:
        if function.shape in {"none", "one", "pair"} and wiring.chance(6):
            wiring.joined.add((step, function.name))
    inputs = [f"in{n}" for n in range(draw(st.integers(1, 2)))]
    entries = wiring.targets(data=True)
    if not entries:
        wiring.joined.clear()
        entries = wiring.targets(data=True)
    for event in inputs:
        for _ in range(draw(st.integers(1, 2))):
            wiring.add((None, event), entries)
    wiring.add_value_routes()
    wiring.add_other_routes()
    wiring.feed_all(inputs)
    return Described(name, members, tuple(wiring.ways), wiring.joins(inputs))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Described, tuple[tuple[str, int], ...]]:
    """Draw a process, and the outside events it is given one after the other."""
    process = draw(processes())
    events = st.tuples(st.sampled_from(process.inputs), st.integers(0, 4))
    return process, tuple(draw(st.lists(events, min_size=1, max_size=3)))


@st.composite
def disturbed_cases(draw: st.DrawFn) -> tuple[Described, tuple[tuple[str, Any], ...]]:
    """Draw a process with wild functions, and what is done to its run while it goes on."""
    process = draw(processes(wild=True))
    events = st.tuples(st.just("event"), st.tuples(st.sampled_from(process.inputs), st.integers(0, 4)))
    doing = st.one_of(
        events,
        st.tuples(st.just("answer"), st.integers(0, 3)),
        st.tuples(st.just("answer"), st.integers(0, 3)),
        st.tuples(st.just("tick"), st.integers(0, 9)),
        st.just(("rest", None)),
    )
    done = (draw(events), *draw(st.lists(doing, max_size=8)))
    return process, (*done, draw(st.sampled_from([("answer all", None), ("answer all", None), ("cancel", None)])))

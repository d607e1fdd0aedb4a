"""The page of one step: its state and what changed, what it got and gave, what it waits for, how it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from process_core.errors import ProcessError
from process_core.graph import Edge, Node, SourceKind
from process_core.session.protocol.status import Status
from tui.inspector.event_page import link, payload_section
from tui.inspector.outline import Item, section
from tui.inspector.values import ABSENT, UNKNOWN, Payload, count_changes, read_payload, value_item
from tui.text.safe_text import MESSAGE, NAME, PREVIEW, safe
from tui.text.spans import Span, Tone

_MOST_CHANGES = 1000
_LAST: Final[Mapping[str, str]] = {
    "executor_invoked": "Last input",
    "executor_completed": "Last result",
    "event_emitted": "Last event",
    "output": "Last output",
    "executor_failed": "Last failure",
    "request_info": "Last question",
    "response": "Last answer",
}


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What the run file knows of a step, read once for a page.

    Attributes:
        history: Its last two states with their seqs, oldest first.
        previous: Seq up to which the superstep before the last one goes; 0 where there is none.
        last: Its last event of each type.
        counts: How often it did what.
        edges: The routes of the process.
        problem: Why something could not be read.
    """

    history: Sequence[tuple[int, Any]] = ()
    previous: int = 0
    last: Mapping[str, Any] | None = None
    counts: Any = None
    edges: Sequence[Edge] = ()
    problem: str = ""


def read_step(run_file: Any, path: str, written: int) -> StepFacts:
    """Read what the page of a step shows; `written` is the seq of the last event that counts."""
    try:
        history, previous = read_states(run_file, path, written)
        return StepFacts(
            history=history,
            previous=previous,
            last=run_file.last_rows(path, _LAST),
            counts=run_file.step_counts().get(path),
            edges=run_file.graph_at(written)[2],
        )
    except ProcessError as error:
        return StepFacts(problem=str(error))


def read_states(run_file: Any, path: str, written: int) -> tuple[Sequence[tuple[int, Any]], int]:
    """Read a step's last two states with their seqs, oldest first, as of an event.

    Returns them and the seq up to which the superstep before the last one goes.
    """
    checkpoint = run_file.checkpoint_at(written)
    previous = run_file.checkpoint_at(checkpoint.seq - 1) if checkpoint is not None and checkpoint.seq > 1 else None
    return run_file.state_history(path, 2), previous.seq if previous is not None else 0


def step_page(run_file: Any, node: Node, status: Status | None, facts: StepFacts) -> list[Item]:
    """Make the page of a step."""
    items = [_title(node), _run_state(node, status, facts)]
    if facts.problem:
        items.append(Item("problem", (Span(safe(facts.problem, MESSAGE), Tone.FAIL),)))
    items += _waiting(node, status)
    items.append(state_item(facts))
    items += _last(run_file, facts)
    items.append(_functions(node))
    items.append(_routes("Reached by", [edge for edge in facts.edges if edge.target == node.path]))
    items.append(_routes("Leads to", [edge for edge in facts.edges if edge.source == node.path]))
    return items


def _title(node: Node) -> Item:
    kind = {"process": "nested process", "map": "map step"}.get(str(node.kind), "step")
    spans = (Span(safe(node.path, NAME), Tone.TITLE), Span(f"  {kind}", Tone.QUIET))
    return Item("title", spans, copy=lambda: node.path)


def _run_state(node: Node, status: Status | None, facts: StepFacts) -> Item:
    spans: list[Span] = []
    if status is not None:
        states = (
            (status.failed, "✗ failed", Tone.FAIL),
            (status.running, "▸ running", Tone.OK),
            (status.parked, "? waits for an answer", Tone.ASK),
            (tuple(waiting.path for waiting in status.waiting), "◔ waits for inputs", Tone.WARN),
        )
        spans += [Span(words, tone) for paths, words, tone in states if node.path in paths][:1]
        if status.paused is not None and status.paused.path == node.path:
            spans.insert(0, Span("▶ paused here", Tone.WARN))
    counts = facts.counts
    if counts is None or not counts.invoked:
        spans.append(Span("has not run", Tone.QUIET))
    else:
        spans.append(Span(f"{counts.invoked:,} run{'' if counts.invoked == 1 else 's'}", Tone.TEXT))
        spans += [
            Span(f"{number:,} {word}", tone)
            for number, word, tone in (
                (counts.failed, "failed", Tone.FAIL),
                (counts.cancelled, "cancelled", Tone.WARN),
                (counts.running, "not ended", Tone.OK),
            )
            if number
        ]
    joined = [span for item in spans for span in (Span(" · ", Tone.QUIET), item)][1:]
    return Item("state", tuple(joined))


def _waiting(node: Node, status: Status | None) -> list[Item]:
    if status is None:
        return []
    items: list[Item] = []
    for number, request in enumerate(request for request in status.requests if request.path == node.path):
        spans = (
            Span("? ", Tone.ASK),
            Span(safe(request.prompt, PREVIEW), Tone.ASK),
            Span(f"  {safe(request.response_type, NAME)}", Tone.QUIET),
        )
        items.append(Item(f"request {number}", spans, jump=request.seq, copy=partial(str, request.prompt)))
    for waiting in status.waiting:
        if waiting.path != node.path:
            continue
        parts = [Span(f"✓ {safe(name, NAME)}  ", Tone.OK) for name in waiting.arrived]
        parts += [Span(f"○ {safe(name, NAME)} missing  ", Tone.WARN) for name in waiting.missing]
        name = safe(waiting.function, NAME)
        items.append(Item(f"waiting {name}", (Span(f"{name} waits: ", Tone.KEY), *parts)))
    return items


def state_item(facts: StepFacts) -> Item:
    """Make the entry of a step's state, with what the last superstep changed in it."""
    if not facts.history:
        return Item("State", (Span("State", Tone.SECTION), Span("  none recorded so far", Tone.QUIET)))
    seq, value = facts.history[-1]
    old: Any = UNKNOWN
    if facts.previous and seq > facts.previous:
        old = facts.history[-2][1] if len(facts.history) > 1 else ABSENT
    if old is UNKNOWN:
        note = Span(f"  unchanged since #{seq}", Tone.QUIET)
    else:
        count = count_changes(old, value, _MOST_CHANGES)
        more = "+" if count == _MOST_CHANGES else ""
        note = Span(f"  {count:,}{more} change{'' if count == 1 else 's'} in the last superstep", Tone.CHANGED)
    tree = value_item("state", value, old, label="", is_open=True)
    item = section("State", "State", lambda: [tree] if tree.opens is None else list(tree.below), note)
    item.copy = tree.copy
    return item


def state_at_event(run_file: Any, row: Any) -> Item | None:
    """Return the state that the step of an event had then; where it is about a process, those of all steps."""
    try:
        if not row.path:
            return _all_states(run_file, row.seq)
        if not run_file.state_history(row.path, 1):
            return None
        history, previous = read_states(run_file.at(row.seq), row.path, row.seq)
    except ProcessError as error:
        return Item("State", (Span("State", Tone.SECTION), Span(f"  {safe(str(error), MESSAGE)}", Tone.FAIL)))
    return state_item(StepFacts(history=history, previous=previous))


def _all_states(run_file: Any, seq: int) -> Item | None:
    states = run_file.state_at(seq)
    if not states:
        return None

    def entries() -> list[Item]:
        return [value_item(path, states[path], label=safe(path, NAME)) for path in sorted(states)]

    return section("States", "States", entries, Span(f"  {len(states):,}", Tone.QUIET))


def _last(run_file: Any, facts: StepFacts) -> list[Item]:
    items: list[Item] = []
    for kind, title in _LAST.items():
        row = (facts.last or {}).get(kind)
        if row is not None:
            items.append(_last_event(run_file, title, row))
    return items


def _last_event(run_file: Any, title: str, row: Any) -> Item:
    def entries() -> Sequence[Item]:
        payload = read_payload(run_file, row.data) if row.data is not None else Payload(None, 0, 0)
        below = payload_section("data", payload).below if row.data is not None else ()
        return [link("event", row, "", run_file), *below]

    preview = "" if row.preview in {"None", "{}"} else safe(row.preview, NAME)
    name = safe(row.event_id or row.function or "", NAME)
    notes = (Span(f"  {name}", Tone.EMIT if row.event_id else Tone.TEXT), Span(f"  {preview}", Tone.QUIET))
    item = section(title, title, entries, *notes, is_open=False)
    item.copy = lambda: str(row.preview)
    return item


def _functions(node: Node) -> Item:
    def entries() -> Sequence[Item]:
        return [
            Item(
                name,
                (
                    Span(safe(name, NAME), Tone.STRONG),
                    Span("(", Tone.QUIET),
                    Span(", ".join(safe(needed, NAME) for needed in node.parameters.get(name, ())), Tone.KEY),
                    Span(")", Tone.QUIET),
                ),
                copy=partial(str, name),
            )
            for name in node.functions
        ]

    return section("Functions", "Functions", entries, Span(f"  {len(node.functions)}", Tone.QUIET))


def _routes(title: str, edges: Sequence[Edge]) -> Item:
    if not edges:
        return Item(title, (Span(title, Tone.SECTION), Span("  no route", Tone.QUIET)))
    opens = [_route(edge, outward=title == "Leads to") for edge in edges]
    return section(title, title, lambda: opens, Span(f"  {len(edges)}", Tone.QUIET))


def _route(edge: Edge, *, outward: bool) -> Item:
    source = "outside" if edge.kind is SourceKind.INPUT else safe(edge.source or "any step", NAME)
    target = safe(edge.target, NAME) if edge.target else "STOP"
    call = f".{safe(edge.function, NAME)}" if edge.function else ""
    call += f"({safe(edge.parameter, NAME)})" if edge.parameter else ""
    spans = [] if outward else [Span(f"{source} ", Tone.STRONG)]
    spans += [Span("→ ", Tone.QUIET), Span(safe(edge.event_id, NAME), Tone.EMIT)]
    spans.append(Span(f"  {target}{call}" if outward else f"  {call.removeprefix('.')}", Tone.TEXT))
    if edge.condition:
        spans.append(Span(f"  when {safe(edge.condition, NAME)}", Tone.QUIET))
    if edge.joined:
        spans.append(Span("  joined", Tone.QUIET))
    return Item(edge.key, tuple(spans), copy=lambda: edge.event_id)

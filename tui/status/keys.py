"""Which keys the footer shows: a pure function of the state of the session."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from process_core.events import RunState
from tui.actions import BY_NAME, Panel, key_text
from tui.status.mode import ModeState


class Hint(NamedTuple):
    """A key and what it does.

    Attributes:
        key: As the keyboard shows it.
        label: A word or two.
        action: Name of the action a click on it does; empty for none.
    """

    key: str
    label: str
    action: str = ""


_RUNNING: Final = ("pause", "toggle_break", "search", "filter", "follow")
_PAUSED: Final = ("continue", "step", "next", "toggle_break", "why", "run_to", "into", "out", "step_back", "next_back")
_REST: Final = ("restart", "why", "toggle_break", "step_back", "search", "filter", "copy")
_LEFT_OFF: Final = ("restart", "resume", "why", "toggle_break", "step_back", "search", "filter", "copy")
_FIRST: Final = 5
"""Keys of a paused run that come before those of the panel."""
_BREAKPOINTS: Final = ("edit_break", "switch_break", "delete_break", "mute")
_QUEUE: Final = ("first", "hold_toggle", "drop", "edit", "dup", "inject", "earlier", "later_on")
_HELD: Final = ("hold_toggle", "drop", "edit", "inject")
_END: Final = ("help", "command")
BUSY: Final = 1.0
"""Seconds without an answer after which a worker counts as busy."""


def hints(view: ModeState, panel: Panel | None, refused: Mapping[str, str]) -> list[Hint]:
    """Return the keys that matter now in the focused panel, the most useful first; none of an action that is refused.

    The first two (help and the command line, or the way out) are the last to go when there is little room.
    """
    return [hint for hint in _candidates(view, panel) if hint.action not in refused]


def _candidates(view: ModeState, panel: Panel | None) -> list[Hint]:
    is_stuck = view.status.blocked_for >= BUSY
    if view.loading:
        return [*([_hint("restart"), _hint("stack")] if is_stuck else []), _hint("quit")]
    if view.insert:
        return _while_typing(view)
    if view.replay is not None:
        return _in_recording(view, panel)
    if view.died:
        return [_hint("restart"), _hint("resume"), _hint("quit"), _hint("help"), _hint("command")]
    if is_stuck:
        return [_hint("restart"), _hint("stack"), _hint("quit"), _hint("help"), _hint("command")]
    names = _by_panel(view, panel, _by_state(view))
    if view.status.undo is not None:
        names = ("undo", *names)
    return [*(_hint(name) for name in _END), *(_hint(name) for name in names), _hint("quit")]


def fit_hints(line: Sequence[Hint], width: int) -> list[Hint]:
    """Return as many of the first hints as fit the width, whole; help and command line come last."""
    kept: list[Hint] = []
    used = 0
    for hint in line:
        cells = len(hint.key) + len(hint.label) + 3
        if used + cells <= width:
            kept.append(hint)
            used += cells
    ends = [hint for hint in kept if hint.action in (*_END, "quit")]
    return [*(hint for hint in kept if hint not in ends), *sorted(ends, key=lambda h: (*_END, "quit").index(h.action))]


def _while_typing(view: ModeState) -> list[Hint]:
    moves = view.status.state is RunState.IN_PROGRESS and view.status.paused is None
    ways = ("continue", "step", "next") if view.status.paused is not None else ()
    return [
        Hint("Enter", "answer"),
        Hint("Esc", "leave the text box", "leave"),
        *(Hint(key_text(BY_NAME[name].keys[-1]), BY_NAME[name].label, name) for name in ways),
        Hint("Ctrl+C", "pause" if moves else "twice leaves", "interrupt"),
        _hint("palette"),
        *([_hint("next_request")] if len(view.status.requests) > 1 else []),
    ]


def _by_state(view: ModeState) -> Sequence[str]:
    state = view.status.state
    if view.status.paused is not None:
        return _PAUSED
    if state is RunState.IN_PROGRESS:
        return _RUNNING
    if state is RunState.IDLE_WITH_PENDING_REQUESTS:
        return ("answer", "pause", "toggle_break", "search", "filter", "restart")
    return _LEFT_OFF if state in (RunState.FAILED, RunState.CANCELLED) else _REST


def _by_panel(view: ModeState, panel: Panel | None, names: Sequence[str]) -> Sequence[str]:
    if panel is Panel.BREAKPOINTS:
        return (*_BREAKPOINTS, *names)
    if panel is Panel.QUEUE and view.status.paused is not None:
        return (*_QUEUE, *names)
    if panel is Panel.QUEUE and view.held:
        return (*_HELD, *names)
    if panel in BY_NAME["state"].panels and view.status.paused is not None:
        names = [*names[:_FIRST], "state", *names[_FIRST:]]
    if panel is not None and panel not in BY_NAME["toggle_break"].panels:
        return [name for name in names if name not in ("toggle_break", "run_to")]
    return names


def _in_recording(view: ModeState, panel: Panel | None) -> list[Hint]:
    both = (("step", "step_back", "event"), ("next", "next_back", "superstep"))
    moves = [Hint(f"{BY_NAME[on].keys[0]} {BY_NAME[back].keys[0]}", label, on) for on, back, label in both]
    names = ("cause", "effect") if panel is Panel.TIMELINE else ()
    if view.is_own:
        fork = Hint(key_text(BY_NAME["resume"].keys[0]), "fork", "resume")
        ways = [_hint("goto_paused"), fork, _hint("reverse"), _hint("why")]
    else:
        ways = [_hint("resume"), _hint("why")]
    return [
        *(_hint(name) for name in _END),
        *moves,
        *ways,
        *(_hint(name) for name in (*names, "search", "filter", "quit")),
    ]


def _hint(name: str) -> Hint:
    action = BY_NAME[name]
    return Hint(key_text(action.keys[0]), action.label, name)

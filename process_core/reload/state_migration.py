"""Moves values from one generation of the code to the next: dumped with the old classes, made with the new ones."""

import json
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, Final

from process_core.errors import PayloadMismatchError, ProcessError
from process_core.graph import Graph, StepSpec
from process_core.payload_check import PayloadCheck
from process_core.resume import ResumeError, version_of
from process_core.resume.reconstruct import NotRestorableError, Reconstructor, is_whole
from process_core.resume.state_reader import StateReader
from process_core.runfile import to_plain
from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode

_ATOMS: Final = frozenset({type(None), bool, int, float, complex, str, bytes})
_LOOKED_AT: Final = 200_000
"""Parts of a value that are looked at; what lies beyond keeps its class."""
_SHOWN: Final = 4000


class StateMismatchError(ProcessError):
    """States that do not fit the new code.

    Attributes:
        reports: By path of the step: why not, and how what is there differs from what is wanted.
    """

    def __init__(self, reports: Mapping[str, str]) -> None:
        listed = ", ".join(reports)
        super().__init__(f"the state of {listed} does not fit the new code")
        self.reports = dict(reports)


class StateMigrator:
    """Moves values into a new generation, whose modules must be in force.

    Args:
        graph: The process as the new code builds it.
        replaced: Names of the modules that were replaced.

    Attributes:
        left: What had to keep its old class, and why.
    """

    def __init__(self, graph: Graph, replaced: Collection[str]) -> None:
        self._reconstructor = Reconstructor(graph)
        self._states = StateReader(graph, self._reconstructor)
        self._replaced = frozenset(replaced)
        self.left: list[str] = []

    def value(self, value: Any, what: str = "a payload") -> Any:
        """Return a payload of the new classes; if it cannot be moved, itself, with `what` and the reason in `left`."""
        if not self._holds_old(value):
            return value
        try:
            return self._reconstructor.revive(decode(encode(value)))
        except Exception as error:  # noqa: BLE001 - a class of the user's may raise anything when it is made
            self.left.append(f"{what} keeps its old class: {error}")
            return value

    def state(self, path: str, old: StepSpec, new: StepSpec, state: Any) -> Any:
        """Return a step's state for the new code; StateMismatchError if it does not fit."""
        was, now = version_of(old), version_of(new)
        if was == now and old.state_type is new.state_type and not self._holds_old(state):
            return state
        dumped = decode(encode(state))
        if not is_whole(dumped) and was == now and old.state_type is new.state_type:
            return state
        try:
            carried = self._states.one(path, dumped, was)
            if was != now or new.state_type is None:
                return carried
            return PayloadCheck(new.state_type)(carried)
        except (ResumeError, PayloadMismatchError, NotRestorableError) as error:
            raise StateMismatchError({path: _report(error, to_plain(dumped), new)}) from error

    def states(self, wanted: Collection[tuple[str, StepSpec, StepSpec, Any]]) -> dict[str, Any]:
        """Return the states for the new code, by path; StateMismatchError reports on each that does not fit."""
        carried: dict[str, Any] = {}
        reports: dict[str, str] = {}
        for path, old, new, state in wanted:
            try:
                carried[path] = self.state(path, old, new, state)
            except StateMismatchError as error:
                reports |= error.reports
        if reports:
            raise StateMismatchError(reports)
        return carried

    def _holds_old(self, value: Any) -> bool:
        """Return whether a value is, or holds, something of a replaced class; looks at a bounded part of it."""
        seen: set[int] = set()
        left = [value]
        while left and len(seen) < _LOOKED_AT:
            one = left.pop()
            kind = type(one)
            if kind in _ATOMS or id(one) in seen:
                continue
            seen.add(id(one))
            if (one if kind is type else kind).__module__ in self._replaced:
                return True
            if isinstance(one, dict):
                left += one.keys()
                left += one.values()
            elif isinstance(one, list | tuple | set | frozenset | deque):
                left += one
            held = getattr(one, "__dict__", None) if kind.__module__ != "builtins" else None
            if isinstance(held, dict):
                left += held.values()
        return False


def _report(error: Exception, state: Any, new: StepSpec) -> str:
    """Return why a state does not fit, with what it holds beside what the new code has."""
    lines = [str(error)]
    kind = new.state_type
    wanted = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None)
    if isinstance(state, dict) and wanted is not None:
        known = list(wanted)
        for name, value in state.items():
            mark = " " if name in known else "-"
            lines.append(f"  {mark} {name} = {_short(value)}")
        hints = getattr(kind, "__annotations__", {})
        lines += [f"  + {name}: {_name(hints.get(name, '?'))}" for name in known if name not in state]
    else:
        lines.append(f"  it holds {_short(state)}")
    return "\n".join(lines)[:_SHOWN]


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _short(value: Any) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(type(value))
    limit = 120
    return text if len(text) <= limit else text[: limit - 1] + "…"

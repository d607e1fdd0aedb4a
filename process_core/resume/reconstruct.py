"""From recorded values back to those of the running program, whose classes are loaded by now."""

import collections
import enum
import pathlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final, get_args

from process_core.graph import Graph, StepKind
from process_core.resume.object_reconstruction import NotRestorableError, rebuild
from process_core.runfile import Tagged

__all__ = ["NotRestorableError", "Reconstructor", "is_whole"]

_SEQUENCES: Final = frozenset({list, tuple, set, frozenset, collections.deque})
_PLAIN_SETS: Final = {"builtins:set": set, "builtins:frozenset": frozenset}


class Reconstructor:
    """Makes recorded values live again, for one process.

    Classes are looked up among those that its steps name, then among the modules that are loaded, then in the modules
    of its steps: a program that was recorded as `__main__` goes on under another name. Nothing is imported.

    Args:
        graph: The process.
    """

    def __init__(self, graph: Graph) -> None:
        self._named: dict[str, type[Any]] = {}
        self._homes: dict[str, ModuleType] = {}
        for kind in _classes(graph):
            self._named.setdefault(f"{kind.__module__}:{kind.__qualname__}", kind)
            module = sys.modules.get(kind.__module__)
            if module is not None and kind.__module__ != "builtins":
                self._homes.setdefault(kind.__module__, module)

    def revive(self, value: Any) -> Any:
        """Make a recorded value live again.

        Args:
            value: What the run file gives; models, dataclasses and enums come as `Tagged`.

        Raises:
            NotRestorableError: It was recorded by its repr, or its class is gone or has changed shape.
        """
        if isinstance(value, Tagged):
            return self._tagged(value)
        kind = type(value)
        if kind is dict:
            return {key: self.revive(part) for key, part in value.items()}
        if kind in _SEQUENCES:
            return kind(self.revive(part) for part in value)
        if kind is pathlib.PurePosixPath:
            return pathlib.Path(value)
        return value

    def _tagged(self, value: Tagged) -> Any:
        if value.kind == "enum":
            found = self._class(value.type)
            try:
                member = found[value.name] if issubclass(found, enum.Enum) else None
            except KeyError:
                member = None
            if member is None:
                raise NotRestorableError(f"{value.type} has no member {value.name!r} any more")
            return member
        if value.kind != "object":
            what = f"a {value.type_name}" if value.type else "a part of a value"
            raise NotRestorableError(f"{what} was recorded only as text: {str(value)[:80]}")
        if value.type == "builtins:dict":
            return {self.revive(key): self.revive(part) for key, part in value.value}
        if value.type in _PLAIN_SETS:
            return _PLAIN_SETS[value.type](self.revive(part) for part in value.value)
        return self.build(self._class(value.type), value)

    def build(self, kind: Any, value: Tagged) -> Any:
        """Make an object of a class out of a recorded one, whatever class that had.

        Raises:
            NotRestorableError: The class has another shape, or a part of it cannot be made.
        """
        return rebuild(kind, self.revive(value.value), value.type_name)

    def find(self, name: str) -> Any:
        """Find a class."""
        named = self._named.get(name)
        if named is not None:
            return named
        module_name, _, qualified = name.partition(":")
        for module in (sys.modules.get(module_name), *self._homes.values()):
            found: Any = module
            for part in qualified.split("."):
                found = getattr(found, part, None)
            if isinstance(found, type):
                return found
        return None

    def _class(self, name: str) -> Any:
        found = self.find(name)
        if found is None:
            raise NotRestorableError(f"class {name.replace(':', '.')} is not loaded")
        return found


def is_whole(value: Any) -> bool:
    """Return whether a recorded value holds everything, with nothing kept by its repr or cut."""
    if isinstance(value, Tagged):
        return value.kind in ("object", "enum") and is_whole(value.value)
    if type(value) is dict:
        return all(is_whole(part) for part in value.values())
    if type(value) in _SEQUENCES:
        return all(is_whole(part) for part in value)
    return True


def _classes(graph: Graph) -> Iterator[type[Any]]:
    """Return the classes that the steps of a process name, those of nested processes included."""
    for step in graph.steps:
        yield from _named_in(step.state_type)
        if step.initial_state is not None:
            yield type(step.initial_state)
        for function in step.functions.values():
            for parameter in function.parameters:
                yield from _named_in(parameter.annotation)
        if step.step_class is not None:
            yield step.step_class
        if step.kind is not StepKind.STEP and step.graph is not None:
            yield from _classes(step.graph)


def _named_in(annotation: Any) -> Iterator[type[Any]]:
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments:
        yield annotation
    for argument in arguments:
        yield from _named_in(argument)

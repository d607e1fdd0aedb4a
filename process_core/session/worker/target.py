"""Loads the process that a target names: `chatbot.py`, `shop.orders:build`."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from process_core.definition.builder import ProcessBuilder
from process_core.process import Process
from process_core.reload import ModuleLocation, NoSuchModuleError, Project, StagedModules, locate_module
from process_core.services import Services
from process_core.session.protocol.target_names import is_dotted, names_module, split_target
from process_core.session.worker.target_error import TargetError, from_exception
from process_core.suggestions import suggestion

__all__ = ["LoadedTarget", "TargetError", "load_target", "open_target"]

T = TypeVar("T")

USUAL_NAMES = ("process", "build", "builder")
"""Where a process is looked for when the target names no attribute, in this order."""
SERVICES_NAMES = ("services", "build_services")
"""Where the services of runs are looked for: a `Services`, or a function without arguments that returns one."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class LoadedTarget:
    """What a target holds, in one generation of its code.

    Attributes:
        process: The process, built.
        services: Returns the services of a run.
        place: The file or module as it was typed.
        attribute: The name in it that makes the process.
        offer: Where they come from: the same object for as long as the module is not loaded again.
        project: The modules that it was loaded from.
        make: Makes this from a module.
    """

    process: Process
    services: Callable[[], Services | None]
    place: str
    attribute: str
    offer: object
    project: Project
    make: "Callable[[ModuleType], LoadedTarget]"

    def prepare(self) -> "StagedModules[LoadedTarget] | None":
        """Load what has changed on disk, leaving the running code in force; None where nothing has changed.

        Raises:
            TargetError: It cannot be loaded; says why. Nothing has changed.
        """
        return self.project.prepare(self.make, _refused(self.place))


def load_target(text: str, cwd: str | Path) -> Process:
    """Load the process that a target names.

    Args:
        text: `path.py[:attr]` or `package.module[:attr]`; the attribute is a process, a builder, or a function without
            arguments that returns one. Left out: `process`, `build`, `builder`, or the only one there is.
        cwd: The folder that relative paths and modules start from.

    Raises:
        TargetError: It cannot be loaded; says why and what to do.
    """
    return open_target(text, cwd).process


def open_target(text: str, cwd: str | Path) -> LoadedTarget:
    """Load the process that a target names, with the services that its module offers its runs.

    Raises:
        TargetError: It cannot be loaded; says why and what to do.
    """
    folder = Path(cwd).resolve()
    place, attribute, shown = _parse(text, folder)
    project = Project(place, folder)

    def make(module: ModuleType) -> LoadedTarget:
        name, value = _named(module, attribute, shown) if attribute else _found(module, shown)
        process = _process(value, f"{shown}:{name}")
        return LoadedTarget(process, lambda: _services(module, shown), shown, name, _offer(module), project, make)

    return project.load(make, _refused(shown))


def _refused(shown: str) -> Callable[[BaseException], TargetError]:
    def error_of(error: BaseException) -> TargetError:
        if isinstance(error, NoSuchModuleError):
            return TargetError("missing_file", str(error))
        return from_exception(error, f"loading {shown}")

    return error_of


def _parse(text: str, cwd: Path) -> tuple[ModuleLocation, str, str]:
    where, attribute = split_target(text)
    if where != text.strip() and not is_dotted(attribute):
        raise TargetError("bad_target", f"{attribute!r} in {text!r} is not an attribute; a target is path.py:attribute")
    if not where:
        raise TargetError("bad_target", "a target is path.py, path.py:attribute, or package.module:attribute")
    if "\0" in where:
        raise TargetError("bad_target", f"{where!r} is not a path")
    try:
        path = (cwd / Path(where).expanduser()).resolve()
        is_module = names_module(where, path)
    except (OSError, RuntimeError) as error:
        raise TargetError("missing_file", f"{where}: {error}") from None
    if is_module:
        return ModuleLocation(cwd, where), attribute, where
    _check_file(path, where)
    return locate_module(path), attribute, where


def _check_file(path: Path, where: str) -> None:
    if path.is_dir():
        inside = sorted(p.name for p in path.glob("*.py"))
        hint = f"; name a file in it: {_listed(inside)}" if inside else ", and there is no Python file in it"
        raise TargetError("is_folder", f"{where} is a folder{hint}")
    if not path.exists():
        raise TargetError("missing_file", f"there is no file {where}{_file_hint(path)}")
    if path.suffix != ".py" or not path.is_file():
        hint = f"; to look at a recorded run, use `stepscope open {where}`" if path.suffix == ".run" else ""
        raise TargetError("not_python", f"{where} is not a Python file (its name does not end in .py){hint}")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise TargetError("unreadable_file", f"{where} cannot be read: {error.strerror or error}") from None


def _file_hint(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        near = next((p for p in folder.parents if p.is_dir()), None)
        return f" (there is no folder {folder.name} in {near})" if near else ""
    try:
        siblings = sorted(p.name for p in folder.iterdir() if p.suffix == ".py")
    except OSError:
        return ""
    return suggestion(path.name, siblings) or (f" (there are: {_listed(siblings)})" if siblings else "")


def _named(module: ModuleType, attribute: str, shown: str) -> tuple[str, Any]:
    value: Any = module
    for part in attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            public = [name for name in dir(value) if not name.startswith("_")]
            hint = suggestion(part, public) or _candidates_hint(module)
            raise TargetError("missing_attribute", f"{shown} has no attribute {attribute!r}{hint}") from None
        except BaseException as error:  # noqa: BLE001 - a module may compute its attributes
            raise from_exception(error, f"reading {shown}:{attribute}") from None
    return attribute, value


def _found(module: ModuleType, shown: str) -> tuple[str, Any]:
    things = vars(module)
    for name in USUAL_NAMES:
        if _could_be_process(things.get(name)):
            return name, things[name]
    for candidates in _tiers(module):
        if len(candidates) == 1:
            return candidates[0], things[candidates[0]]
        if candidates:
            choices = ", ".join(f"{shown}:{name}" for name in candidates[:_SHOWN])
            raise TargetError("ambiguous", f"{shown} holds several processes; say which: {choices}")
    functions = sorted(name for name, value in things.items() if _is_own_function(module, value))
    for name in functions:
        if name.startswith("build"):
            _check_needs_nothing(things[name], f"{shown}:{name}")
    hint = f" (its functions: {_listed(functions)})" if functions else ""
    message = f"no process in {shown}: give it a `process`, or a function `build()` that returns one{hint}"
    raise TargetError("not_a_process", message)


def _tiers(module: ModuleType) -> Iterable[list[str]]:
    things = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    yield _distinct(things, lambda value: isinstance(value, Process))
    yield _distinct(things, lambda value: isinstance(value, ProcessBuilder))
    builds = {name: value for name, value in things.items() if name.startswith("build")}
    yield _distinct(builds, lambda value: _is_own_function(module, value) and _needs_nothing(value))


def _distinct(things: dict[str, Any], fits: Callable[[Any], bool]) -> list[str]:
    by_identity: dict[int, str] = {}
    for name, value in things.items():
        if fits(value):
            by_identity.setdefault(id(value), name)
    return list(by_identity.values())


def _candidates_hint(module: ModuleType) -> str:
    names = [name for tier in _tiers(module) for name in tier]
    return f" (it has: {_listed(names)})" if names else ""


def _could_be_process(value: Any) -> bool:
    return isinstance(value, Process | ProcessBuilder) or (inspect.isfunction(value) and _needs_nothing(value))


def _is_own_function(module: ModuleType, value: Any) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__


def _needs_nothing(value: Callable[..., Any]) -> bool:
    try:
        inspect.signature(value).bind()
    except (TypeError, ValueError):
        return False
    return True


def _check_needs_nothing(value: Callable[..., Any], shown: str) -> None:
    if _needs_nothing(value):
        return
    try:
        parameters = str(inspect.signature(value))
    except (TypeError, ValueError):
        parameters = "(...)"
    raise TargetError("not_a_process", f"{shown}{parameters} needs arguments; stepscope calls it with none")


def _process(value: Any, shown: str) -> Process:
    if inspect.iscoroutinefunction(value):
        raise TargetError("not_a_process", f"{shown} is a coroutine function; building a process takes a plain `def`")
    if callable(value) and not isinstance(value, Process | ProcessBuilder | type):
        _check_needs_nothing(value, shown)
        value, shown = _called(value, shown), f"{shown}()"
    if isinstance(value, ProcessBuilder):
        value = _called(value.build, shown)
    if isinstance(value, Process):
        return value
    if inspect.iscoroutine(value):
        value.close()
    kind = f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"
    hint = " (does the function return it?)" if value is None else ""
    raise TargetError("not_a_process", f"{shown} is {kind}, not a process, a builder or a function returning one{hint}")


def _offer(module: ModuleType) -> object:
    return next((vars(module)[name] for name in SERVICES_NAMES if name in vars(module)), None)


def _services(module: ModuleType, shown: str) -> Services | None:
    for name in SERVICES_NAMES:
        value = vars(module).get(name)
        if callable(value) and _is_own_function(module, value) and _needs_nothing(value):
            value = _called(value, f"{shown}:{name}")
        if isinstance(value, Services):
            return value
    return None


def _called(function: Callable[[], Any], shown: str) -> Any:
    try:
        return function()
    except BaseException as error:  # noqa: BLE001 - a function of the user's may raise anything, SystemExit included
        raise from_exception(error, f"building {shown}") from None


def _listed(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

"""Reads step classes: their functions, what each takes, and what is wrong with them."""

import inspect
import sys
import types
import typing
from typing import Any, get_args, get_origin

from process_core.errors import Problem
from process_core.graph import FunctionSpec, Injected, Injection, Parameter
from process_core.services import InjectMarker, Services
from process_core.step import ENCLOSING, MARK, FunctionMark, Step

_NO_DEFAULT = inspect.Parameter.empty
_UNNAMED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def read_functions(step_class: type[Any], context_type: type[Any]) -> tuple[dict[str, FunctionSpec], list[Problem]]:
    """Return the functions of a step class by name, base classes first, and what is wrong with them."""
    found: dict[str, FunctionSpec] = {}
    problems: list[Problem] = []
    for method_name, mark in _marked(step_class).items():
        method = inspect.getattr_static(step_class, method_name)
        if isinstance(method, staticmethod | classmethod):
            problems.append(
                Problem(
                    "unsupported_function",
                    f"{mark.name} is a {type(method).__name__}; a function takes self",
                    step_class.__name__,
                    mark.name,
                    "write it as a plain method",
                )
            )
            continue
        if inspect.isasyncgenfunction(method) or inspect.isgeneratorfunction(method):
            problems.append(
                Problem(
                    "unsupported_function",
                    f"{step_class.__name__}.{mark.name} yields, so calling it would run nothing",
                    step_class.__name__,
                    mark.name,
                    "emit each item with context.emit_event, or return a list",
                )
            )
            continue
        spec, wrong = _read(step_class, method_name, method, mark, context_type)
        problems.extend(wrong)
        if mark.name in found:
            problems.append(
                Problem(
                    "duplicate_function",
                    f"{step_class.__name__} has two functions named {mark.name!r}",
                    step_class.__name__,
                    mark.name,
                    "give one of them another name",
                )
            )
        found[mark.name] = spec
    return found, problems


def _marked(step_class: type[Any]) -> dict[str, FunctionMark]:
    marks: dict[str, FunctionMark] = {}
    for base in reversed(step_class.__mro__):
        for name, member in vars(base).items():
            mark = getattr(member, MARK, None)
            if isinstance(mark, FunctionMark):
                marks[name] = mark
            elif name in marks and not callable(member):
                del marks[name]  # a subclass took the name for something else
    return marks


def _read(
    step_class: type[Any], method_name: str, method: Any, mark: FunctionMark, context_type: type[Any]
) -> tuple[FunctionSpec, list[Problem]]:
    problems: list[Problem] = []
    parameters: list[Parameter] = []
    injections: list[Injection] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind in _UNNAMED:
            problems.append(
                Problem(
                    "unsupported_function",
                    f"{step_class.__name__}.{mark.name} takes *{parameter.name}, which no route can name",
                    step_class.__name__,
                    mark.name,
                    "name each parameter",
                )
            )
            continue
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            problems.append(
                Problem(
                    "unsupported_function",
                    f"{step_class.__name__}.{mark.name}: parameter {parameter.name!r} is positional-only",
                    step_class.__name__,
                    mark.name,
                    "drop the '/'",
                )
            )
            continue
        try:
            annotation = _resolve(parameter.annotation, method, step_class)
        except Exception as error:  # noqa: BLE001 - an annotation given as text may raise anything when it is evaluated
            problems.append(
                Problem(
                    "unresolved_annotation",
                    f"{step_class.__name__}.{mark.name}: the annotation {parameter.annotation!r} of"
                    f" {parameter.name!r} cannot be resolved: {error}",
                    step_class.__name__,
                    mark.name,
                    "import the name at the top of the module, not only for type checking",
                )
            )
            continue
        injection = _injection(parameter.name, annotation, context_type)
        if injection is not None:
            injections.append(injection)
        else:
            parameters.append(Parameter(parameter.name, annotation, parameter.default is _NO_DEFAULT))
    spec = FunctionSpec(
        name=mark.name,
        method=method_name,
        parameters=tuple(parameters),
        injections=tuple(injections),
        is_async=inspect.iscoroutinefunction(method),
        visibility=mark.visibility,
    )
    return spec, problems


def _resolve(annotation: Any, method: Any, owner: type[Any]) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str) and not _has_text(annotation):
        return annotation
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(holder, _globals_of(method), _locals_of(owner), include_extras=True)["it"]


def _has_text(annotation: Any) -> bool:
    return any(isinstance(a, str | typing.ForwardRef) or _has_text(a) for a in get_args(annotation))


def _globals_of(method: Any) -> dict[str, Any]:
    return getattr(inspect.unwrap(method), "__globals__", {})


def _locals_of(owner: type[Any]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for base in reversed(owner.__mro__):
        names.update(vars(base).get(ENCLOSING, {}))
    names.setdefault(owner.__name__, owner)
    return names


def _injection(name: str, annotation: Any, context_type: type[Any]) -> Injection | None:
    options = [a for a in get_args(annotation) if a is not type(None)]
    if get_origin(annotation) is not typing.Annotated and len(options) == 1 and options[0] in (context_type, Services):
        annotation = options[0]  # `context: StepContext | None = None` asks for the context all the same
    if isinstance(annotation, type) and issubclass(annotation, context_type):
        return Injection(name, Injected.CONTEXT)
    if annotation is Services:
        return Injection(name, Injected.SERVICES)
    if get_origin(annotation) is typing.Annotated and any(
        isinstance(a, InjectMarker) for a in get_args(annotation)[1:]
    ):
        return Injection(name, Injected.SERVICE, get_args(annotation)[0])
    return None


def state_type_of(step_class: type[Any]) -> Any:
    """Return the type in `Step[...]`, looked up through base classes; None for a step without state."""
    return _state_of(step_class, ())


def _state_of(cls: type[Any], arguments: tuple[Any, ...]) -> Any:
    if cls is Step:
        found = arguments[0] if arguments else None
        return None if found is type(None) or isinstance(found, typing.TypeVar) else found
    own = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and issubclass(origin, Step):
            given = tuple(own.get(a, a) if isinstance(a, typing.TypeVar) else a for a in get_args(base))
            return _resolve_state(_state_of(origin, given), cls)
    return None


def _resolve_state(found: Any, cls: type[Any]) -> Any:
    if isinstance(found, typing.ForwardRef):
        module = sys.modules.get(cls.__module__)
        holder = types.SimpleNamespace(__annotations__={"it": found})
        return typing.get_type_hints(holder, vars(module) if module else {}, _locals_of(cls))["it"]
    return found


def constructor_needs(step_class: type[Any]) -> tuple[str, ...]:
    """Return the parameters that the constructor of a class requires; none where `step_class()` works."""
    try:
        parameters = inspect.signature(step_class).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if p.default is _NO_DEFAULT and p.kind not in _UNNAMED)

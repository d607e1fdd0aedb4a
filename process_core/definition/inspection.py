"""Reads step classes (their functions, what each takes, their state), checks them, and makes each a `StepSpec`."""

import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from process_core.definition.declarations import StepDeclaration
from process_core.engine.context import StepContext
from process_core.engine.records import default_state
from process_core.errors import PayloadMismatchError, Problem, SchemaError
from process_core.graph import FunctionSpec, Graph, Injected, Injection, Parameter, StepKind, StepSpec, type_text
from process_core.payload_check import PayloadCheck, check_annotation
from process_core.safe_repr import error_text
from process_core.services import InjectMarker, Services
from process_core.step import ENCLOSING, MARK, FunctionMark, Step

_PATH_CHARACTERS = "/[]"
_NO_DEFAULT = inspect.Parameter.empty
_NO_METHODS = (staticmethod, classmethod, property, functools.cached_property)
_UNNAMED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def step_name(declaration: StepDeclaration) -> str:
    """Return the name that a declared step has in its process."""
    if declaration.name is not None:
        return str(declaration.name)
    if declaration.inner is not None:
        return getattr(declaration.inner, "name", repr(declaration.inner))
    return getattr(declaration.step_class, "__name__", str(declaration.step_class))


def resolve_step(declaration: StepDeclaration, index: int, graph: Graph | None, problems: list[Problem]) -> StepSpec:
    """Check one step, add what is wrong to `problems`, and return what routes are checked against all the same."""
    name = step_name(declaration)
    if not isinstance(declaration.name, str | None) or not name or any(c in name for c in _PATH_CHARACTERS):
        problems.append(
            Problem("invalid_name", f"a step cannot be named {name!r}: names are parts of paths", name, None,
                    "use a text without '/', '[' and ']'")
        )  # fmt: skip
    if graph is not None:
        return StepSpec(name, index, declaration.kind, _process_functions(graph), graph=graph)
    step_class = declaration.step_class
    if not (isinstance(step_class, type) and issubclass(step_class, Step)):
        problems.append(
            Problem("invalid_step", f"{step_class!r} is not a subclass of Step", name, None,
                    "pass the class itself, not an instance, and let it derive from Step")
        )  # fmt: skip
        return StepSpec(name, index, declaration.kind, {})
    functions, wrong = _read_functions(step_class)
    problems.extend(dataclasses.replace(problem, step=name) for problem in wrong)
    if not functions and not wrong:
        problems.append(
            Problem("no_functions", f"{step_class.__name__} has no function to invoke", name, None,
                    "mark a method with @function")
        )  # fmt: skip
    if declaration.factory is None:
        _check_constructor(step_class, name, problems)
    elif not callable(declaration.factory):
        problems.append(
            Problem("invalid_factory", f"the factory of {name} cannot be called: {declaration.factory!r}", name, None,
                    "pass a function that returns the instance")
        )  # fmt: skip
    if declaration.kind is StepKind.MAP:
        _check_mappable(functions, name, problems)
    state_type = _checked_state_type(step_class, name, problems)
    return StepSpec(
        name=name,
        index=index,
        kind=declaration.kind,
        functions=functions,
        step_class=step_class,
        factory=declaration.factory,
        state_type=state_type,
        initial_state=_check_state(state_type, declaration.initial_state, name, problems),
    )


def _process_functions(graph: Graph) -> Mapping[str, FunctionSpec]:
    """A nested process is invoked through its input events, each of which takes any data or none."""
    data = (Parameter("data", Any, required=False),)
    return {event: FunctionSpec(event, event, data) for event in graph.input_events}


def _check_constructor(step_class: type[Any], name: str, problems: list[Problem]) -> None:
    needs = _constructor_needs(step_class)
    if needs:
        problems.append(
            Problem(
                "constructor_needs_arguments",
                f"{step_class.__name__}() needs {', '.join(needs)}",
                name,
                None,
                f"add_step({step_class.__name__}, factory=lambda: {step_class.__name__}(...))",
            )
        )
    elif getattr(step_class, "__abstractmethods__", None):
        missing = ", ".join(sorted(step_class.__abstractmethods__))
        problems.append(
            Problem("abstract_step", f"{step_class.__name__} is abstract: {missing} is missing", name, None,
                    "add a subclass that implements it")
        )  # fmt: skip


def _check_mappable(functions: Mapping[str, FunctionSpec], name: str, problems: list[Problem]) -> None:
    problems.extend(
        Problem("map_needs_one_parameter", f"{name}.{spec.name} cannot be mapped: it takes"
                f" {len(spec.parameters)} data parameters", name, spec.name, "a mapped function takes one element")
        for spec in functions.values()
        if sum(p.required for p in spec.parameters) > 1 or not spec.parameters
    )  # fmt: skip


def _checked_state_type(step_class: type[Any], name: str, problems: list[Problem]) -> Any:
    try:
        state_type = _state_type_of(step_class)
    except BaseException as error:  # noqa: BLE001 - an annotation in a text may raise anything when it is evaluated
        problems.append(
            Problem("unresolved_annotation",
                    f"the state type of {step_class.__name__} cannot be resolved: {error_text(error)}", name, None,
                    "import the name at the top of the module, not only for type checking")
        )  # fmt: skip
        return None
    try:
        check_annotation(state_type)
    except SchemaError as error:
        problems.append(
            Problem("unusable_annotation", f"the state of {step_class.__name__}: {error.reason}", name, None,
                    error.advice)
        )  # fmt: skip
        return None
    return state_type


def _check_state(state_type: Any, initial: Any, name: str, problems: list[Problem]) -> Any:
    if initial is None:
        if state_type is not None:
            try:
                default_state(state_type)
            except BaseException as error:  # noqa: BLE001 - the constructor is the user's
                problems.append(
                    Problem("state_needs_initial",
                            f"{type_text(state_type)}() cannot be made: {error_text(error)}".split("\n")[0], name, None,
                            "give add_step an initial_state, or the fields defaults")
                )  # fmt: skip
        return None
    if state_type is None:
        return initial
    try:
        return PayloadCheck(state_type)(initial)
    except PayloadMismatchError as error:
        problems.append(
            Problem("invalid_state", f"the initial state of {name} does not fit: {error}", name, None,
                    f"pass a {type_text(state_type)}")
        )  # fmt: skip
        return initial


def _read_functions(step_class: type[Any]) -> tuple[dict[str, FunctionSpec], list[Problem]]:
    """Return the functions of a step class by name, base classes first, and what is wrong with them."""
    functions: dict[str, FunctionSpec] = {}
    problems: list[Problem] = []
    for method_name, mark in _marked(step_class).items():
        reader = _FunctionReader(step_class, mark, problems)
        method = inspect.getattr_static(step_class, method_name)
        if isinstance(method, _NO_METHODS):
            kind = type(method).__name__
            reader.wrong("unsupported_function", f"{mark.name} is a {kind}; a function takes self, and is called",
                         f"write it as a plain method: drop @{kind}, or @function")  # fmt: skip
            continue
        if inspect.isasyncgenfunction(method) or inspect.isgeneratorfunction(method):
            reader.wrong("unsupported_function", f"{reader.name} yields, so calling it would run nothing",
                         "emit each item with context.emit_event, or return a list")  # fmt: skip
            continue
        spec = reader.read(method_name, method)
        if mark.name in functions:
            reader.wrong("duplicate_function", f"{step_class.__name__} has two functions named {mark.name!r}",
                         "give one of them another name")  # fmt: skip
        functions[mark.name] = spec
    return functions, problems


class _FunctionReader:
    """Reads one function of a step class, and gathers what is wrong with it."""

    def __init__(self, step_class: type[Any], mark: FunctionMark, problems: list[Problem]) -> None:
        self._step_class = step_class
        self._mark = mark
        self._problems = problems
        self.name = f"{step_class.__name__}.{mark.name}"

    def wrong(self, code: str, message: str, suggestion: str) -> None:
        self._problems.append(Problem(code, message, self._step_class.__name__, self._mark.name, suggestion))

    def read(self, method_name: str, method: Any) -> FunctionSpec:
        parameters: list[Parameter] = []
        injections: list[Injection] = []
        for parameter in list(inspect.signature(method).parameters.values())[1:]:
            read = self._parameter(parameter, method)
            if isinstance(read, Injection):
                injections.append(read)
            elif read is not None:
                parameters.append(read)
        return FunctionSpec(
            name=self._mark.name,
            method=method_name,
            parameters=tuple(parameters),
            injections=tuple(injections),
            is_async=inspect.iscoroutinefunction(method),
            visibility=self._mark.visibility,
        )

    def _parameter(self, parameter: inspect.Parameter, method: Any) -> Parameter | Injection | None:
        name = parameter.name
        if parameter.kind in _UNNAMED:
            self.wrong("unsupported_function", f"{self.name} takes *{name}, which no route can name",
                       "name each parameter")  # fmt: skip
            return None
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            self.wrong("unsupported_function", f"{self.name}: parameter {name!r} is positional-only", "drop the '/'")
            return None
        try:
            annotation = _resolve(parameter.annotation, method, self._step_class)
        except BaseException as error:  # noqa: BLE001 - an annotation in a text may raise anything when it is evaluated
            self.wrong(
                "unresolved_annotation",
                f"{self.name}: the annotation {parameter.annotation!r} of {name!r} cannot be resolved:"
                f" {error_text(error)}",
                "import the name at the top of the module, not only for type checking",
            )
            return None
        injection = _injection(name, annotation)
        if injection is not None:
            return injection
        try:
            check_annotation(annotation)
        except SchemaError as error:
            self.wrong("unusable_annotation", f"{self.name}: parameter {name!r}: {error.reason}", error.advice)
        return Parameter(name, annotation, parameter.default is _NO_DEFAULT)


def _marked(step_class: type[Any]) -> dict[str, FunctionMark]:
    marks: dict[str, FunctionMark] = {}
    for base in reversed(step_class.__mro__):
        for name, member in vars(base).items():
            mark = _mark_of(member)
            if mark is not None:
                marks[name] = mark
            elif name in marks and not callable(member):
                del marks[name]  # a subclass took the name for something else
    return marks


def _mark_of(member: Any) -> FunctionMark | None:
    try:
        mark = getattr(member, MARK, None) or getattr(_inside(member), MARK, None)
    except BaseException:  # noqa: BLE001 - a value that a class holds may do anything where it is looked at
        return None
    return mark if type(mark) is FunctionMark else None


def _inside(member: Any) -> Any:
    """Return the function under a `@staticmethod`, `@property` or the like, which hides its mark."""
    if isinstance(member, staticmethod | classmethod):
        return member.__func__
    if isinstance(member, property):
        return member.fget
    return member.func if isinstance(member, functools.cached_property) else None


def _resolve(annotation: Any, method: Any, owner: type[Any]) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    if isinstance(annotation, typing.TypeVar) and isinstance(annotation.__bound__, typing.ForwardRef):
        return _resolve(annotation.__bound__.__forward_arg__, method, owner)
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


def _injection(name: str, annotation: Any) -> Injection | None:
    options = [a for a in get_args(annotation) if a is not type(None)]
    if get_origin(annotation) is not typing.Annotated and len(options) == 1 and options[0] in (StepContext, Services):
        annotation = options[0]  # `context: StepContext | None = None` asks for the context all the same
    if isinstance(annotation, type) and issubclass(annotation, StepContext):
        return Injection(name, Injected.CONTEXT)
    if annotation is Services:
        return Injection(name, Injected.SERVICES)
    if get_origin(annotation) is typing.Annotated and any(
        isinstance(a, InjectMarker) for a in get_args(annotation)[1:]
    ):
        return Injection(name, Injected.SERVICE, get_args(annotation)[0])
    return None


def _state_type_of(step_class: type[Any]) -> Any:
    """Return the type in `Step[...]`, looked up through base classes; None for a step without state."""
    return _state_of(step_class, ())


def _state_of(cls: type[Any], arguments: tuple[Any, ...]) -> Any:
    if cls is Step:
        state = arguments[0] if arguments else None
        return None if state is type(None) or isinstance(state, typing.TypeVar) else state
    own = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and issubclass(origin, Step):
            arguments_of_base = tuple(own.get(a, a) if isinstance(a, typing.TypeVar) else a for a in get_args(base))
            return _resolve_state(_state_of(origin, arguments_of_base), cls)
    return None


def _resolve_state(found: Any, cls: type[Any]) -> Any:
    if isinstance(found, typing.ForwardRef):
        module = sys.modules.get(cls.__module__)
        holder = types.SimpleNamespace(__annotations__={"it": found})
        return typing.get_type_hints(holder, vars(module) if module else {}, _locals_of(cls))["it"]
    return found


def _constructor_needs(step_class: type[Any]) -> tuple[str, ...]:
    """Return the parameters that the constructor of a class requires; none where `step_class()` works."""
    try:
        parameters = inspect.signature(step_class).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if p.default is _NO_DEFAULT and p.kind not in _UNNAMED)

"""Checks the steps of a definition, one by one, and makes each a `StepSpec`."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from process_core.definition.declarations import StepDeclaration
from process_core.definition.inspection import constructor_needs, read_functions, state_type_of
from process_core.engine.context import StepContext
from process_core.engine.records import default_state
from process_core.errors import PayloadMismatchError, Problem
from process_core.graph import FunctionSpec, Graph, Parameter, StepKind, StepSpec, type_text
from process_core.payload_check import PayloadCheck
from process_core.step import Step

_PATH_CHARACTERS = "/[]"


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
    functions, wrong = read_functions(step_class, StepContext)
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
    state_type = state_type_of(step_class)
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
    needs = constructor_needs(step_class)
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


def _check_state(state_type: Any, initial: Any, name: str, problems: list[Problem]) -> Any:
    if initial is None:
        if state_type is not None:
            try:
                default_state(state_type)
            except Exception as error:  # noqa: BLE001 - the constructor is the user's
                problems.append(
                    Problem("state_needs_initial", f"{type_text(state_type)}() cannot be made: {error}".split("\n")[0],
                            name, None, "give add_step an initial_state, or the fields defaults")
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

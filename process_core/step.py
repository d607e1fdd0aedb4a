"""What a user writes: steps with functions and, where they need it, typed state."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, overload

from process_core.events import Visibility

if sys.version_info >= (3, 13):
    StateT = TypeVar("StateT", default=None)
else:
    from typing_extensions import TypeVar as DefaultedTypeVar

    StateT = DefaultedTypeVar("StateT", default=None)

F = TypeVar("F", bound=Callable[..., Any])

MARK = "__step_function__"
ENCLOSING = "__step_enclosing_names__"


@dataclass(frozen=True, slots=True)
class FunctionMark:
    """What `@function` leaves on a method."""

    name: str
    visibility: Visibility


@overload
def function(method: F, /) -> F: ...
@overload
def function(*, name: str | None = None, visibility: Visibility = Visibility.INTERNAL) -> Callable[[F], F]: ...
def function(
    method: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    visibility: Visibility = Visibility.INTERNAL,
) -> Any:
    """Make a method of a step a function that messages can invoke.

    Args:
        method: The method, where the decorator is used without parentheses; `async def`, or a plain `def`, which runs
            in a worker thread.
        name: The name that routes use; by default the method's.
        visibility: Of the automatic result event.

    Returns:
        The method itself, marked.

    Raises:
        TypeError: It decorates something that cannot be called.
    """

    def mark(target: Any) -> Any:
        if not callable(target):
            raise TypeError(f"@function decorates methods, not {type(target).__name__} (is @staticmethod above it?)")
        setattr(target, MARK, FunctionMark(name or target.__name__, Visibility(visibility)))
        return target

    return mark if method is None else mark(method)


class Step(Generic[StateT]):
    """A step: a class with one or more functions and, as `Step[State]`, typed state.

    One instance lives for one run. The engine sets `state` before `activate`, and calls `deactivate` at the end.

    Attributes:
        state: The step's state in this run.
        version: Version of the state's shape; bump it when code changes the shape.
    """

    state: StateT
    version: ClassVar[str] = "1"

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        # Annotations given as text may name classes that live only in an enclosing function, which typing cannot
        # see. The names they use are looked up here, while that function's frame is there to be asked.
        wanted: set[str] = set()
        for member in vars(cls).values():
            if hasattr(member, MARK):
                for annotation in getattr(member, "__annotations__", {}).values():
                    if isinstance(annotation, str):
                        wanted.update(_names_in(annotation))
        if wanted:
            frame = sys._getframe(1)  # noqa: SLF001 - the only way to the class statement's frame
            setattr(cls, ENCLOSING, {n: frame.f_locals[n] for n in wanted if n in frame.f_locals})

    async def activate(self, state: StateT) -> None:
        """Get ready; called once per run, before the first function of this step.

        Args:
            state: The step's state, also at `self.state`.
        """

    async def deactivate(self) -> None:
        """Let go of what `activate` or the functions have taken, such as connections; called once for every `activate`.

        That is at the end of the run, whatever ends it, and before this instance is replaced, as by a hot reload; for
        an element of a map, when the map is over. It may be a plain `def`. What it raises, or that it takes longer than
        five seconds, is a warning of the run and nothing more.
        """

    @classmethod
    def migrate(cls, state: dict[str, Any], from_version: str) -> Any:
        """Turn a state saved by an older version into one of this version.

        Args:
            state: The saved state as plain data.
            from_version: The `version` it was saved under.

        Returns:
            The state as plain data or as the state type.

        Raises:
            TypeError: This step cannot read states of that version.
        """
        del state
        raise TypeError(f"{cls.__name__} {cls.version} has no migrate() for a state of version {from_version}")


def _names_in(annotation: str) -> tuple[str, ...]:
    try:
        return compile(annotation, "<annotation>", "eval").co_names
    except SyntaxError:
        return ()

"""How the state of a step comes to be."""

from typing import Any, get_origin


def default_state(state_type: Any) -> Any:
    """Make the state that a step starts with when none is given.

    Args:
        state_type: What stands in `Step[...]`.

    Returns:
        A new value; None for types that have no default, such as `int | None`.
    """
    made = get_origin(state_type) or state_type
    return made() if isinstance(made, type) else None

"""Short names of steps: a step in a nested process may be named without the path to it."""

from collections.abc import Iterable


def full_path(name: str, steps: Iterable[str]) -> str:
    """Give the path of a step in a nested process that is named without it.

    Args:
        name: What was typed.
        steps: The paths there are.

    Returns:
        The one path that ends with the name; the name itself where it is a path, or none or several end with it.
    """
    paths = list(steps)
    ends = [path for path in paths if path.endswith(f"/{name}")]
    return ends[0] if len(ends) == 1 and name not in paths else name

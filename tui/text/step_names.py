"""Short names of steps: a step in a nested process may be named without the path to it."""

from collections.abc import Iterable


def full_path(name: str, steps: Iterable[str]) -> str:
    """Return the path of a step in a nested process that is named without it.

    Where the name is a path, or none or several paths end with it, the name itself is returned.
    """
    paths = list(steps)
    ends = [path for path in paths if path.endswith(f"/{name}")]
    return ends[0] if len(ends) == 1 and name not in paths else name

"""Path globs: `*` within one level, `**` across levels."""

import functools
import re


@functools.lru_cache(maxsize=512)
def path_pattern(glob: str) -> re.Pattern[str]:
    """Compile a glob over step paths to a pattern for `fullmatch`.

    `*` and `?` stand for any text and any character of one level, `[...]` for a choice of characters, and `**` for any
    number of levels, none included.
    """
    parts: list[str] = []
    at = 0
    while at < len(glob):
        character = glob[at]
        at += 1
        if glob.startswith("**/", at - 1) and (at == 1 or glob[at - 2] == "/"):
            parts.append("(?:.*/)?")
            at += 2
        elif glob.startswith("**", at - 1):
            parts.append(".*")
            at += 1
        elif character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "[" and (end := glob.find("]", at + 1)) > 0:
            chosen = glob[at:end].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            parts.append(f"[^{chosen[1:]}]" if chosen.startswith("!") else f"[{chosen}]")
            at = end + 1
        else:
            parts.append(re.escape(character))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:  # a choice that is none (`[9-0]`): taken literally, as a shell does
        return re.compile(re.escape(glob), re.DOTALL)


def matches_path(glob: str, path: str) -> bool:
    """Return whether a whole path fits a glob."""
    return path_pattern(glob).fullmatch(path) is not None

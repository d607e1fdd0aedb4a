"""Globs over paths and event ids: `*` within one level, `**` across levels."""

import functools
import re
from typing import Final

_STARS: Final = re.compile(r"\*+")
_INDEX_GLOB: Final = re.compile(r"\[(\d+|\*)\]")


@functools.lru_cache(maxsize=512)
def path_pattern(glob: str) -> re.Pattern[str]:
    """Compile a glob over step paths to a pattern for `fullmatch`.

    `*` and `?` stand for any text and any character of one level, `[...]` for a choice of characters, and `**` for any
    number of levels, none included.
    """
    parts: list[str] = []
    star = -1  # place of a `*` in this level that no other follows yet
    at = 0
    while at < len(glob):
        character = glob[at]
        at += 1
        if character == "*" and star >= 0:
            # The first place where what is between two stars fits is as good as any later one: to look for others too
            # would take time exponential in the number of stars.
            parts[star:] = [f"(?>[^/]*?{''.join(parts[star + 1 :])})"]
            star = -1
        if glob.startswith("**/", at - 1) and (at == 1 or glob[at - 2] == "/"):
            parts.append("(?:.*/)?")
            at += 2
        elif glob.startswith("**", at - 1):
            parts.append(".*")
            at += 1
        elif character == "*":
            star = len(parts)
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "[" and (end := glob.find("]", at + 1)) > 0:
            chosen = glob[at:end].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            parts.append(f"[^/{chosen[1:]}]" if chosen.startswith("!") else f"(?!/)[{chosen}]")
            at = end + 1
        else:
            parts.append(re.escape(character))
            star = -1 if character == "/" else star
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:  # a choice that is none (`[9-0]`): taken literally, as a shell does
        return re.compile(re.escape(glob), re.DOTALL)


def event_pattern(glob: str) -> re.Pattern[str]:
    """Compile a glob over event ids, in which a slash is a character like any other; match what `as_level` returns."""
    return path_pattern(_STARS.sub("*", as_level(glob)))  # in one level they all mean the same


def as_level(event_id: str) -> str:
    """Return an event id as one level of a path."""
    return event_id.replace("/", "\0")


def element_pattern(glob: str) -> re.Pattern[str] | None:
    """Compile a glob that names elements of maps (`Map[3]`, `Map[*]`), for `fullmatch`; None for any other glob."""
    return path_pattern(_escaped(glob)) if _INDEX_GLOB.search(glob) else None


def element_globs(glob: str) -> tuple[str, ...]:
    """Return the globs for recorded paths, which name each element, that a breakpoint's glob stands for."""
    return (_escaped(glob),) if _INDEX_GLOB.search(glob) else (glob, f"{glob}[[]*]")


def _escaped(glob: str) -> str:
    return _INDEX_GLOB.sub(r"[[]\1]", glob)


def without_index(path: str) -> str:
    """Return a path, or a glob on paths, with the elements of maps (`Map[3]`, `Map[*]`) taken together (`Map`)."""
    return _INDEX_GLOB.sub("", path) if "[" in path else path


def matches_event(glob: str, event_id: str) -> bool:
    """Return whether a whole event id fits a glob, or is it."""
    return glob == event_id or event_pattern(glob).fullmatch(as_level(event_id)) is not None


def matches_path(glob: str, path: str) -> bool:
    """Return whether a whole path fits a glob."""
    return path_pattern(glob).fullmatch(path) is not None

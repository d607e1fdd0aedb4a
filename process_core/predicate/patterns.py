"""Regular expressions in time linear in the text, whatever the pattern: RE2, under limits.

Python's `re` backtracks: `(a+)+b` against thirty letters takes minutes, and nothing can interrupt it. RE2 runs all
alternatives at once, within a fixed memory; what it cannot do so (backreferences, look-around) it refuses.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

MAX_TEXT: Final = 20_000
"""Characters of a text that may be matched."""
MAX_PATTERN: Final = 500
"""Characters of a pattern."""
_MAX_MEMORY: Final = 1 << 20  # of a compiled pattern with the states it remembers; beyond that matching is slower
_NOT_REGULAR: Final = ("invalid perl operator", "invalid escape sequence", "bad repetition operator")


class PatternError(ValueError):
    """A pattern that cannot be used; `position` counts its characters from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


def compile_pattern(pattern: str, *, anywhere: bool) -> "Matcher":
    r"""Compile a pattern to a function that returns whether a text of at most `MAX_TEXT` characters matches.

    Patterns have RE2's syntax, which is `re`'s without backreferences, look-around, atomic groups, possessive repeats
    and the flags `a` and `x`. `\w`, `\d`, `\s` and `\b` are about ASCII, `$` and `\z` are the very end of the text, and
    a counted repeat goes up to 1000.

    Args:
        pattern: The regular expression.
        anywhere: Whether the match may start anywhere (like `re.search`) or only at the beginning (like `re.match`).

    Raises:
        PatternError: The pattern is wrong, too long or too large, or the package google-re2 is not installed.
    """
    try:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - few programs need it; it ships no types
    except ModuleNotFoundError:  # a worker in the user's own environment may have no more than pydantic
        needs = f"patterns need the package google-re2: `{sys.executable} -m pip install google-re2`"
        raise PatternError(needs) from None
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    try:
        compiled = re2.compile(pattern, options)
    except UnicodeEncodeError as error:
        raise PatternError("in the pattern: a lone surrogate", error.start) from None
    except re2.error as error:
        raise _problem(pattern, error) from None
    return Matcher(compiled.search if anywhere else compiled.match, compiled.programsize)


class Matcher:
    """A compiled pattern, to be called with a text; says whether it matches.

    Args:
        matches: Returns a match, or None.
        size: Size of the program that the pattern became.

    Attributes:
        size: The same.
    """

    __slots__ = ("_matches", "size")

    def __init__(self, matches: Callable[[str], Any], size: int) -> None:
        self._matches = matches
        self.size = size

    def __call__(self, text: str) -> bool:
        """Return whether the text matches."""
        try:
            return self._matches(text) is not None
        except UnicodeEncodeError:  # a lone surrogate, which no pattern can name
            return self._matches(text.encode("utf-8", "replace").decode()) is not None


def _problem(pattern: str, error: Exception) -> PatternError:
    words = error.args[0]
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    summary, _, part = text.partition(": ")
    hint = ""
    if text.startswith(_NOT_REGULAR):
        hint = " (patterns have no backreferences, look-around, atomic groups or possessive repeats)"
    if summary == "missing )":  # RE2 names the whole pattern
        return PatternError(f"in the pattern: {summary}", max(0, pattern.rfind("(")))
    return PatternError(f"in the pattern: {text}{hint}", max(0, pattern.find(part)))

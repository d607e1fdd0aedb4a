"""Reads JSON that a person has typed; what is wrong with it is said in one line."""

import json
from typing import Any, Final

_NUMBER: Final = 4300
"""Digits of the longest number that Python reads."""


class TypedJsonError(ValueError):
    """A text is not JSON; says what is wrong, and where."""


def read_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        TypedJsonError: It is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}" if "\n" in text else f"column {error.colno}"
        raise TypedJsonError(f"not JSON: {error.msg} ({where}); texts need double quotes") from None
    except TypedJsonError:
        raise
    except ValueError:
        raise TypedJsonError(f"not JSON that can be read: a number has more than {_NUMBER:,} digits") from None
    except RecursionError:
        raise TypedJsonError("not JSON that can be read: it is nested too deeply") from None


def _no_constant(name: str) -> None:
    raise TypedJsonError(f"not JSON: it has no {name}")

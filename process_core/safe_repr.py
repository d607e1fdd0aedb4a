"""The `repr` of a value, and the text of an exception, that may raise, be enormous, never return, or say a secret."""

import gc
import queue
import threading
import traceback
import types
import weakref
from collections import deque
from typing import Any, Final

from process_core.object_storage import Form, shape_of
from process_core.type_names import full_name

PATIENCE: Final = 0.2
"""Seconds that a `__repr__` may take; a type that took longer is not asked again."""
LIMIT: Final = 2000
"""Characters that are kept."""

ERROR_LIMIT: Final = 20_000
"""Characters of the text of an exception that are kept."""

_ERROR_SHOWN: Final = 2000
"""Characters of the text of an exception that stand in a traceback."""
_TRACEBACK_LIMIT: Final = 100_000
_FRAMES: Final = 200
_SHOWN_NAME = 100
_HARMLESS: Final = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.ModuleType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
)
_CLOSED: Final = (*_HARMLESS, str, bytes, bytearray, int, float, complex)
"""Types whose objects are not looked into for secrets."""
_LOOKED_AT: Final = 2000
"""Objects that are looked at for a secret."""
_DEFAULT: Any = object.__repr__
_hanging: "weakref.WeakSet[type]" = weakref.WeakSet()


class Unsnapshotable:
    """Stands in an event for a value that cannot be copied.

    Attributes:
        text: Its `repr` at that moment, as `safe_repr` has it.
        type: Its class, `module:Qualified.Name`.
    """

    __slots__ = ("text", "type")

    def __init__(self, value: Any) -> None:
        self.text = safe_repr(value)
        self.type = full_name(type(value))

    def __repr__(self) -> str:
        return self.text


def type_name(value: Any) -> str:
    """Return the name of a value's class without its module, whatever the class does."""
    return str(type.__getattribute__(type(value), "__name__"))[:_SHOWN_NAME]


def error_text(error: BaseException, limit: int = ERROR_LIMIT) -> str:
    """Return the text of an exception in bounded length; where it has none, its class, and why."""
    try:
        text = str(error)
        if type(text) is not str:
            text = str.__str__(text)
    except BaseException as broken:  # noqa: BLE001 - the text is made by code of the user's
        return f"<{type_name(error)}, whose text raises {type_name(broken)}>"
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def error_summary(error: BaseException, limit: int = ERROR_LIMIT) -> str:
    """Return the class and the text of an exception, on whatever lines it has."""
    text = error_text(error, limit)
    return f"{type_name(error)}: {text}" if text else type_name(error)


def traceback_of(error: BaseException, frames: types.TracebackType | None = None) -> traceback.TracebackException:
    """Return what is to be written of an exception and of those that led to it: no payload is written whole.

    Args:
        error: The exception.
        frames: Where it was raised; None is where it says.
    """
    made = traceback.TracebackException(type(error), error, frames or error.__traceback__, limit=-_FRAMES, compact=True)
    left, seen = [made], {id(made)}
    while left:
        part = left.pop()
        text: str = getattr(part, "_str", None) or ""
        if len(text) > _ERROR_SHOWN:  # the module has no other way to bound it
            part.__dict__["_str"] = f"{text[:_ERROR_SHOWN]}… ({len(text):,} characters)"
        others = [other for other in (part.__cause__, part.__context__, *(part.exceptions or ())) if other is not None]
        left += [other for other in others if id(other) not in seen]
        seen.update(map(id, others))
    return made


def traceback_text(error: BaseException, frames: types.TracebackType | None = None) -> str:
    """Return the traceback of an exception in bounded length; its end is kept."""
    text = "".join(traceback_of(error, frames).format())
    return text if len(text) <= _TRACEBACK_LIMIT else "…" + text[-_TRACEBACK_LIMIT:]


def safe_repr(value: Any) -> str:
    """Return the repr of a value in about `LIMIT` characters, or a marked text with the reason why there is none.

    A `__repr__` of somebody's own runs in a thread of its own, for it may never return: then the caller goes on after
    `PATIENCE`, the thread is asked to end, and the type is not asked again.
    """
    try:
        return _bounded_repr(value)
    except BaseException as error:  # noqa: BLE001 - a metaclass may do anything, too
        return f"<{type_name(value)} object: {type_name(error)} where it was looked at>"


def _bounded_repr(value: Any) -> str:
    kind = type(value)
    name = type_name(value)
    is_harmless = issubclass(kind, _HARMLESS)  # `isinstance` would ask the value for its `__class__`
    if kind.__repr__ is _DEFAULT or is_harmless:
        # The address that the default writes differs from run to run and is of no use to a reader.
        own = getattr(value, "__qualname__", None) if is_harmless else None
        return f"<{name} {own}>"[:LIMIT] if isinstance(own, str) else f"<{name} object>"
    if _holds_secret(value):
        return f"<{name} object that holds a secret>"
    if kind in _hanging:
        return f"<{name}: its __repr__ takes too long>"
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    thread = threading.Thread(target=_ask, args=(value, done), name="repr", daemon=True)
    try:
        thread.start()
        return done.get(timeout=PATIENCE)
    except queue.Empty:
        _hanging.add(kind)
        _end(thread)
        return f"<{name}: its __repr__ took more than {PATIENCE} seconds>"
    except RuntimeError as error:
        return f"<{name}: no thread for its __repr__: {error}>"


def _holds_secret(value: Any) -> bool:
    """Return whether an object leads to a secret, which its `__repr__` might say; nothing of the user's runs."""
    seen: set[int] = set()
    left = deque([value])
    while left and len(seen) < _LOOKED_AT:
        part = left.popleft()
        if issubclass(type(part), _CLOSED) or id(part) in seen:
            continue
        seen.add(id(part))
        if shape_of(type(part)).form is Form.SECRET:
            return True
        left += gc.get_referents(part)
    return False


def _ask(value: Any, done: "queue.SimpleQueue[str]") -> None:
    name = type_name(value)
    try:
        text = repr(value)
        if len(text) > LIMIT:
            text = f"{text[:LIMIT]}... ({len(text)} characters)"
    except BaseException as error:  # noqa: BLE001 - even a SystemExit raised there is only a bad repr
        text = f"<{name}: its __repr__ raised {type_name(error)}>"
    done.put(text)


def _end(thread: threading.Thread) -> None:
    """Ask a thread to end at its next instruction; one that sleeps in C code does no harm and stays."""
    if thread.ident is not None:
        _raise_in_thread(thread.ident)


def _raise_in_thread(number: int) -> None:
    import ctypes  # noqa: PLC0415 - it costs milliseconds, and is almost never needed

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(number), ctypes.py_object(SystemExit))

"""The `repr` of a value that may raise, never return, be enormous, or say a secret."""

import gc
import queue
import threading
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


def safe_repr(value: Any) -> str:
    """Return the repr of a value in about `LIMIT` characters, or a marked text with the reason why there is none.

    A `__repr__` of somebody's own runs in a thread of its own, for it may never return: then the caller goes on after
    `PATIENCE`, the thread is asked to end, and the type is not asked again.
    """
    kind = type(value)
    name = type_name(value)
    if kind.__repr__ is _DEFAULT or isinstance(value, _HARMLESS):
        # The address that the default writes differs from run to run and is of no use to a reader.
        own = getattr(value, "__qualname__", None) if isinstance(value, _HARMLESS) else None
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
        if isinstance(part, _CLOSED) or id(part) in seen:
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

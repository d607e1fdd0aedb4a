"""The `repr` of a value that may raise, never return, or be enormous."""

import ctypes
import functools
import queue
import threading
import types
import weakref
from typing import Any, Final

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
_DEFAULT: Any = object.__repr__
_hanging: "weakref.WeakSet[type]" = weakref.WeakSet()


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
        _raise_in_thread()(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


@functools.cache
def _raise_in_thread() -> Any:
    return ctypes.pythonapi.PyThreadState_SetAsyncExc

"""Who writes a run file: one process at a time, and it shows when that process has died."""

import contextlib
import fcntl
import os
from pathlib import Path

from process_core import safe_files
from process_core.runfile.errors import RunFileError

_HOLDER_BYTES = 4096


class WriterLock:
    """The right to write a run file, held until released or until the process dies, however it dies.

    It is an advisory lock on a file beside the run file (`x.run-lock`), for SQLite's own locks cannot distinguish a
    writer that is idle from one that is gone.

    Args:
        path: The run file.

    Raises:
        RunFileError: Somebody else holds it, or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock_path = lock_path(path)
        self._file = -1
        try:
            self._file = _acquire(self._lock_path)
        except BlockingIOError:
            raise RunFileError(path, f"another writer is recording there ({_holder(self._lock_path)})") from None
        except safe_files.UnsafeFileError as error:
            raise RunFileError(path, str(error.strerror)) from error
        except OSError as error:
            raise RunFileError(path, f"cannot record there: {error.strerror or error}") from error

    def release(self) -> None:
        """Return the right back; harmless the second time."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                self._lock_path.unlink()
            os.close(self._file)
            self._file = -1


def lock_path(path: Path) -> Path:
    """Return where the lock of a run file is, or would be."""
    return path.with_name(path.name + "-lock")


def is_live(path: Path) -> bool:
    """Return whether some process, this one included, is writing a run file."""
    try:
        file = safe_files.open_to_read(lock_path(path))
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def _acquire(path: Path) -> int:
    while True:
        file = safe_files.open_lock(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder before may have removed the file between the two calls: then this lock is on nothing.
            if _is_same(file, path):
                os.ftruncate(file, 0)
                os.write(file, f"process {os.getpid()}\n".encode())
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _is_same(file: int, path: Path) -> bool:
    try:
        mine, there = os.fstat(file), path.lstat()
    except OSError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _holder(path: Path) -> str:
    try:
        text = safe_files.read_bytes(path, _HOLDER_BYTES).decode("utf-8", "replace")
        return " ".join(text.split())[:40] or "process unknown"
    except OSError:
        return "process unknown"

"""Keeps breakpoints between sessions: `.stepscope/breakpoints.json`, by target and step path, not by run."""

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from process_core import safe_files
from process_core.safe_files import UnsafeFileError
from process_core.session.protocol.breakpoints import BreakpointSpec

Notify = Callable[[str, str], None]
"""Shows the user something once: severity and text."""
FORMAT: Final = 1
_SET_BY_WORKER: Final = frozenset({"id", "hit_count", "bound", "problem"})
"""What the worker sets on a breakpoint; it belongs to one run only."""
_SHOWN: Final = 3
_MOST: Final = 200
"""Breakpoints of a target that are read: each is asked at every message, and somebody else may have written them."""
_MOST_BYTES: Final = 1_000_000
_ASIDE: Final = ".bad"
_TRIES: Final = 50
_BETWEEN: Final = 0.02
"""Seconds between two tries to lock the folder."""

Fields = dict[str, Any]
"""A breakpoint as the file holds it."""


class _UnusableError(Exception):
    """The file holds no breakpoints."""


class BreakpointFile:
    """The breakpoints of one project, by target.

    Other sessions may write the same file: each reads it again and changes in the part of its own target what it has
    changed itself, under a lock, and puts the whole in place by a rename, so that no reader ever sees half of it.

    Args:
        path: The file; its folder is created when there is something to save.
        notice: Shows the user something once: severity and text.
    """

    def __init__(self, path: Path, notice: Callable[[str, str], None]) -> None:
        self.path = path
        self._notice = notice
        self._cannot_write = False
        self._is_foreign = False
        self._known: dict[str, list[Fields]] = {}  # by target: what this session has read or written last

    def read(self, target: str) -> list[BreakpointSpec]:
        """Read the breakpoints of a target, in the order they were set; a damaged file is put aside, and reported."""
        try:
            specs, broken = _understood(self._targets().get(target, []))
        except _UnusableError as error:
            self._set_aside(str(error))
            return []
        self._known[target] = _kept(specs)
        if broken:
            what = "; ".join(dict.fromkeys(broken[:_SHOWN]))
            self.keep_aside(f"{len(broken)} of its breakpoints on {target} cannot be understood ({what})")
        return specs

    def write(self, target: str, specs: Iterable[BreakpointSpec]) -> None:
        """Replace the breakpoints of a target; where that fails, it is reported once."""
        mine = _kept(specs)
        if self._is_foreign or (not mine and not os.path.lexists(self.path)):
            return
        try:
            self._prepare_folder()
            with self._locked():
                try:
                    targets = self._targets()
                except _UnusableError as error:
                    self._set_aside(str(error))
                    targets = {}
                if self._is_foreign:
                    return
                merged = self._merged(target, mine, targets)
                if merged:
                    targets[target] = merged
                else:
                    targets.pop(target, None)
                self._replace({"version": FORMAT, "targets": targets})
                self._known[target] = mine
        except OSError as error:
            if not self._cannot_write:
                self._cannot_write = True
                reason = error.strerror or str(error)
                self._notice(
                    "warning", f"breakpoints cannot be kept in {self.path} ({reason}); they last until you quit"
                )
        else:
            self._cannot_write = False

    def _merged(self, target: str, mine: list[Fields], targets: Mapping[str, Any]) -> list[Fields]:
        """Return the breakpoints of a target with what this session has changed and what others have."""
        known = self._known.get(target, [])
        if not targets:
            return mine  # the file is new, or was put aside
        theirs = _kept(_understood(targets.get(target, []))[0])
        if theirs == known:
            return mine
        stay = [fields for fields in theirs if fields in mine or fields not in known]
        return stay + [fields for fields in mine if fields not in known and fields not in theirs]

    def keep_aside(self, reason: str) -> None:
        """Keep a copy of the file, since some of it will not be written again, and report why."""
        self._set_aside(reason, copy=True)

    def _targets(self) -> dict[str, Any]:
        try:
            safe_files.check_folder(self.path.parent)
        except OSError as error:
            self._report_unreadable(error)
            return {}
        try:
            content = safe_files.read_bytes(self.path, _MOST_BYTES)
        except FileNotFoundError:
            return {}
        except UnsafeFileError as error:
            raise _UnusableError(error.strerror) from None
        except OSError as error:
            self._report_unreadable(error)
            return {}
        try:
            saved = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _UnusableError(f"it is not JSON ({error})") from None
        if not isinstance(saved, dict) or not isinstance(saved.get("targets"), dict):
            raise _UnusableError("it does not hold breakpoints by target")
        version = saved.get("version")
        if isinstance(version, int) and version > FORMAT:
            if not self._is_foreign:
                text = f"{self.path} was written by a newer stepscope; breakpoints are neither read nor kept"
                self._notice("warning", text)
            self._is_foreign = True
            return {}
        return dict(saved["targets"])

    def _report_unreadable(self, error: OSError) -> None:
        if not self._is_foreign:
            reason = error.strerror or str(error)
            self._notice("warning", f"{self.path} cannot be read ({reason}); breakpoints are not kept")
        self._is_foreign = True  # whatever it holds, it is not to be written over

    def _set_aside(self, reason: str, *, copy: bool = False) -> None:
        try:
            if copy:
                kept = safe_files.copy_aside(self.path, safe_files.read_bytes(self.path, _MOST_BYTES), _ASIDE)
            else:
                kept = safe_files.move_aside(self.path, _ASIDE)
        except OSError as error:
            self._is_foreign = True
            text = f"{self.path}: {reason}; it cannot be put aside ({error.strerror or error}), so nothing is kept"
            self._notice("warning", text)
            return
        self._notice("warning", f"{self.path}: {reason}; it is kept as {kept.name}")

    def _prepare_folder(self) -> None:
        folder = self.path.parent
        safe_files.make_folder(folder)
        if folder.name == safe_files.OWN_FOLDER:
            safe_files.keep_out_of_version_control(folder)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other sessions from writing meanwhile; the folder itself is the lock, so no file is left behind."""
        folder = safe_files.open_folder(self.path.parent)
        try:
            _lock(folder)
            yield
        finally:
            os.close(folder)

    def _replace(self, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        with safe_files.replacing(self.path) as stream:
            stream.write(text.encode("utf-8", "surrogatepass"))


def _understood(saved: Any) -> tuple[list[BreakpointSpec], list[str]]:
    """Return the breakpoints of a target in the file, and what is wrong with those that are none."""
    specs, broken = [], []
    entries = saved if isinstance(saved, list) else [saved]
    for number, fields in enumerate(entries):
        if number >= _MOST:
            broken += [f"more than {_MOST}"] * (len(entries) - _MOST)
            break
        try:
            specs.append(BreakpointSpec.model_validate(fields).model_copy(update={"id": None}))
        except ValidationError as error:
            broken.append(f"{error.errors(include_url=False)[0]['msg']}")
    return specs, broken


def _kept(specs: Iterable[BreakpointSpec]) -> list[Fields]:
    """Return breakpoints as the file holds them."""
    return [spec.model_dump(exclude=set(_SET_BY_WORKER), exclude_defaults=True) for spec in specs]


def _lock(folder: int) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN)
        else:
            return
    raise OSError(errno.EAGAIN, "another program holds the folder locked")


def target_key(place: str, attribute: str, cwd: Path) -> str:
    """Return the name under which the breakpoints of a target are kept, however it was typed.

    Args:
        place: Path of a file, or name of a module.
        attribute: The name in it that makes the process.
        cwd: The folder that it starts from.

    Returns:
        `folder/file.py:attribute` from that folder, `/elsewhere/file.py:attribute`, or `package.module:attribute`.
    """
    path = (cwd / Path(place).expanduser()).resolve()
    if not path.is_file():
        return f"{place.strip()}:{attribute}"
    inside = path.is_relative_to(cwd)
    return f"{(path.relative_to(cwd) if inside else path).as_posix()}:{attribute}"

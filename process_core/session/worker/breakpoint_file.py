"""Keeps breakpoints between sessions: `.stepscope/breakpoints.json`, by target and step path, not by run."""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE, BreakpointSpec

Notify = Callable[[str, str], None]
"""Shows the user something once: severity and text."""
FORMAT: Final = 1
_SET_BY_WORKER: Final = frozenset({"id", "hit_count", "bound", "problem"})
"""What the worker sets on a breakpoint; it belongs to one run only."""
_SHOWN: Final = 3


class _UnusableError(Exception):
    """The file holds no breakpoints."""


class BreakpointFile:
    """The breakpoints of one project, by target.

    Other sessions may write the same file: each reads it again and changes the part of its own target only, under a
    lock, and puts the whole in place by a rename, so that no reader ever sees half of it.

    Args:
        path: The file; its folder is created when there is something to save.
        notice: Shows the user something once: severity and text.
    """

    def __init__(self, path: Path, notice: Callable[[str, str], None]) -> None:
        self.path = path
        self._notice = notice
        self._cannot_write = False
        self._is_foreign = False

    def read(self, target: str) -> list[BreakpointSpec]:
        """Read the breakpoints of a target, in the order they were set; a damaged file is put aside, and reported."""
        try:
            saved = self._targets().get(target, [])
        except _UnusableError as error:
            self._set_aside(str(error))
            return []
        specs, broken = [], []
        for fields in saved if isinstance(saved, list) else [saved]:
            try:
                specs.append(BreakpointSpec.model_validate(fields).model_copy(update=dict.fromkeys(("id",))))
            except ValidationError as error:
                broken.append(f"{error.errors(include_url=False)[0]['msg']}")
        if broken:
            what = "; ".join(broken[:_SHOWN])
            self.keep_aside(f"{len(broken)} of its breakpoints on {target} cannot be understood ({what})")
        return specs

    def write(self, target: str, specs: Iterable[BreakpointSpec]) -> None:
        """Replace the breakpoints of a target; where that fails, it is reported once."""
        mine = [spec.model_dump(exclude=set(_SET_BY_WORKER), exclude_defaults=True) for spec in specs]
        if self._is_foreign or (not mine and not self.path.exists()):
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
                if mine:
                    targets[target] = mine
                else:
                    targets.pop(target, None)
                self._replace({"version": FORMAT, "targets": targets})
        except OSError as error:
            if not self._cannot_write:
                self._cannot_write = True
                reason = error.strerror or str(error)
                self._notice(
                    "warning", f"breakpoints cannot be kept in {self.path} ({reason}); they last until you quit"
                )
        else:
            self._cannot_write = False

    def keep_aside(self, reason: str) -> None:
        """Keep a copy of the file, since some of it will not be written again, and report why."""
        self._set_aside(reason, copy=True)

    def _targets(self) -> dict[str, Any]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
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
            kept = _free(self.path.with_name(self.path.name + ".bad"))
            if copy:
                kept.write_bytes(self.path.read_bytes())
            else:
                self.path.rename(kept)
        except OSError as error:
            self._is_foreign = True
            text = f"{self.path}: {reason}; it cannot be put aside ({error.strerror or error}), so nothing is kept"
            self._notice("warning", text)
            return
        self._notice("warning", f"{self.path}: {reason}; it is kept as {kept.name}")

    def _prepare_folder(self) -> None:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if folder.name == BREAKPOINTS_FILE.parent.name and not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other sessions from writing meanwhile; the folder itself is the lock, so no file is left behind."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _replace(self, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        file, name = tempfile.mkstemp(prefix=self.path.name, suffix=".new", dir=self.path.parent)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(text.encode("utf-8", "surrogatepass"))
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


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


def _free(path: Path) -> Path:
    """Return a path where nothing is: the one given, or with a number after it."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free

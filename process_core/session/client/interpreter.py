"""Chooses the Python that runs the worker: the one that has the packages of the user's code."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from process_core.session.client.session import CommandRefused
from process_core.session.protocol.envelope import Failure

OLDEST: Final = (3, 11)
_PATIENCE: Final = 20.0
"""Seconds that an interpreter may take to say what it is."""
_PYDANTIC: Final = 2
# Any Python can run this, the oldest too: it shall be refused for its version and not for a syntax error.
_PROBE: Final = """
import sys
pydantic = ""
try:
    from importlib import metadata, util
    if util.find_spec("pydantic") is not None:
        pydantic = "?"
        pydantic = metadata.version("pydantic")
except Exception:
    pass
print('{"version": [%d, %d, %d], "pydantic": "%s"}' % (tuple(sys.version_info[:3]) + (pydantic,)))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can run the worker.

    Attributes:
        path: The program.
        origin: How it was found, e.g. `--python` or `$VIRTUAL_ENV`; empty where it is the one that runs here.
        version: Its version, e.g. `3.12.1`.
    """

    path: str
    origin: str
    version: str

    @property
    def is_own(self) -> bool:
        """Whether it is the one that runs here."""
        return not self.origin

    def __str__(self) -> str:
        return f"{self.path} (Python {self.version}{f', from {self.origin}' if self.origin else ''})"


OWN: Final = Interpreter(sys.executable, "", ".".join(map(str, sys.version_info[:3])))


async def find_interpreter(
    target: str | None, cwd: str | Path, python: str | None = None, environ: Mapping[str, str] = os.environ
) -> Interpreter:
    """Return the Python to run a target with: the one named, else the active environment's, its `.venv`'s, or ours.

    Args:
        target: `path.py[:attr]` or `package.module[:attr]`; None where it is not known yet.
        cwd: The folder that it is relative to.
        python: A program, its name on the PATH, or the folder of a virtual environment.
        environ: The environment variables.

    Raises:
        CommandRefused: It cannot run the worker; the failure (`bad_interpreter`) says which, why and what to do.
    """
    path, origin = _chosen(target, Path(cwd), python, environ)
    if path is None or _is_own(path):
        return OWN
    return await _checked(path, origin)


def _chosen(target: str | None, cwd: Path, python: str | None, environ: Mapping[str, str]) -> tuple[str | None, str]:
    if python is not None:
        return _named(python, cwd), "--python"
    active = environ.get("VIRTUAL_ENV", "")
    if active and (program := _program_of(Path(active))) is not None:
        return program, "$VIRTUAL_ENV"
    for folder in _folders_around(target, cwd):
        if (program := _program_of(folder / ".venv")) is not None:
            return program, f"the .venv in {folder}"
    return None, ""


def _named(python: str, cwd: Path) -> str:
    place = cwd / Path(python).expanduser()
    if place.is_dir():
        program = _program_of(place)
        if program is None:
            raise _refused(f"--python {python}: there is no bin/python in this folder")
        return program
    if place.is_file():
        return str(place)
    found = shutil.which(python) if os.sep not in python else None
    if found is None:
        raise _refused(f"--python {python}: there is no such program, and no folder of this name")
    return found


def _program_of(environment: Path) -> str | None:
    """Return the Python of a virtual environment that is the user's own, or None."""
    program = environment / "bin/python"
    with contextlib.suppress(OSError, ValueError):
        # Above the target lie folders of others too, such as /tmp: what they put there must not be run.
        if program.is_file() and environment.stat().st_uid in (os.getuid(), 0):
            return str(program)
    return None


def _folders_around(target: str | None, cwd: Path) -> Iterator[Path]:
    """Yield the folder of a target, then those above it."""
    if target is None:
        return
    for text in (target, target.rpartition(":")[0]):
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            path = (cwd / Path(text).expanduser()).resolve()
            if text and path.exists():
                yield from path.parents if path.is_file() else (path, *path.parents)
                return
    yield from (cwd, *cwd.parents)


def _is_own(path: str) -> bool:
    """Whether a program is the Python that runs here; those of two environments may be links to the same file."""
    if os.path.abspath(path) == os.path.abspath(sys.executable):  # noqa: PTH100 - resolving would follow the links
        return True
    environment = Path(path).parent.parent
    return sys.prefix != sys.base_prefix and environment.resolve() == Path(sys.prefix).resolve()


async def _checked(path: str, origin: str) -> Interpreter:
    which = f"{path} (from {origin})"
    try:
        probe = await asyncio.create_subprocess_exec(
            path,
            "-c",
            _PROBE,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
    except (OSError, ValueError) as error:
        raise _refused(f"{which} cannot be started: {getattr(error, 'strerror', None) or error}") from None
    try:
        async with asyncio.timeout(_PATIENCE):
            output, errors = await probe.communicate()
    except TimeoutError:
        probe.kill()
        await probe.wait()
        raise _refused(f"{which} did not answer within {_PATIENCE:.0f} s") from None
    try:
        answer = json.loads(output.decode().strip().rpartition("\n")[2])
        version, pydantic = tuple(answer["version"]), str(answer["pydantic"])
    except (ValueError, KeyError, TypeError):
        words = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise _refused(f"{which} is not a Python that works{f': {words}' if words else ''}") from None
    shown = ".".join(map(str, version))
    if version < OLDEST:
        raise _refused(f"{which} is Python {shown}, and stepscope needs {'.'.join(map(str, OLDEST))} or newer")
    major = pydantic.partition(".")[0]
    if not pydantic or (major.isdigit() and int(major) < _PYDANTIC):
        lack = f"has pydantic {pydantic}, which is too old" if pydantic else "has no pydantic"
        raise _refused(f"{which} {lack}: `{path} -m pip install 'pydantic>=2.8'` (nothing else is needed there)")
    return Interpreter(path, origin, shown)


def _refused(reason: str) -> CommandRefused:
    advice = f"choose another with --python (stepscope's own is {sys.executable})"
    return CommandRefused(Failure(code="bad_interpreter", message=f"{reason}; {advice}"))

"""The `stepscope` command; loads the terminal UI only where there is a terminal to show it on."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.cli.arguments import add_commands
from tui.cli.output import GONE, SafeParser, UnwritableError, complain, leave_quietly, write
from tui.errors import UsageError
from tui.typed_json import read_json

if TYPE_CHECKING:
    from tui.run_controller import StartOptions

_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130
_FAULT: Final = 70
"""Exit code of a fault of stepscope itself, as BSD has it for one of the program."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with its arguments (by default the program's); return the exit code."""
    _open_closed_streams()
    try:
        code = _do(parser().parse_args(argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read the output has gone, for instance `| head`
        leave_quietly()
        return GONE
    return code


def _do(arguments: argparse.Namespace) -> int:
    try:
        if arguments.command is None:
            return _offer_samples()
        return _run(arguments) if arguments.command == "run" else int(arguments.do(arguments))
    except UsageError as error:
        complain(str(error))
    except UnwritableError as error:
        complain(f"cannot write to standard output: {error}")
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - a traceback would print what the run's payloads hold
        from tui.faults import Faults  # noqa: PLC0415 - starting must be quick

        complain(Faults().note(f"`stepscope {arguments.command}`", error).line)
        return _FAULT
    raise SystemExit(_BAD_INPUT)


def _open_closed_streams() -> None:
    """Open standard streams that are closed (`<&-`) on nothing; else the next file opened would be taken for one."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            stream = os.fdopen(descriptor, "w" if descriptor else "r")
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def parser() -> argparse.ArgumentParser:
    """Make the parser of the whole command."""
    made = SafeParser(
        prog="stepscope",
        description="Build and debug event-driven step processes in the terminal.",
        epilog="Without a command it offers the samples.",
    )
    made.add_argument("--version", action="version", version=f"stepscope {_version()}")
    commands = made.add_subparsers(dest="command", metavar="COMMAND")
    add_commands(commands)
    return made


def _version() -> str:
    try:
        return version("stepscope")
    except PackageNotFoundError:
        return "(not installed)"


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _offer_samples() -> int:
    if not _has_terminal():
        from tui.samples import samples  # noqa: PLC0415

        write("samples, to be run with `stepscope run PATH`:")
        for sample in samples():
            write(f"  {sample.path}\n      {sample.about}")
        return 0
    return asyncio.run(_open_screen(None, None))


def _run(arguments: argparse.Namespace) -> int:
    if not _has_terminal():
        from tui.cli.headless import run_headless  # noqa: PLC0415 - starting must be quick

        return asyncio.run(
            run_headless(
                arguments.target,
                event=arguments.event,
                data=arguments.data,
                paused=arguments.paused,
                breakpoints=tuple(arguments.breakpoints),
                max_supersteps=arguments.max_supersteps,
                python=arguments.python,
                stdin=sys.stdin,
                stdout=sys.stdout,
                stderr=sys.stderr,
                cwd=Path.cwd(),
            )
        )
    return asyncio.run(_open_screen(arguments.target, arguments))


async def _open_screen(target: str | None, arguments: argparse.Namespace | None) -> int:
    from tui.cli.open_app import open_app  # noqa: PLC0415 - starting must be quick

    def options() -> "StartOptions":
        from tui.run_controller import StartOptions  # noqa: PLC0415 - the UI is imported by now

        if arguments is None:
            return StartOptions()
        return StartOptions(
            event=arguments.event,
            data=read_json(arguments.data) if arguments.data is not None else None,
            has_data=arguments.data is not None,
            paused=arguments.paused,
            breakpoints=tuple(arguments.breakpoints),
            max_supersteps=arguments.max_supersteps,
        )

    watch = arguments is None or arguments.reload
    python = arguments.python if arguments is not None else None
    return await open_app(target, options, cwd=Path.cwd(), watch=watch, python=python)

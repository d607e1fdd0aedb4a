"""The `stepscope` command; loads the terminal UI only where there is a terminal to show it on."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from tui.cli.arguments import add_commands
from tui.errors import UsageError

if TYPE_CHECKING:
    from process_core.session.client.session import Session
    from process_core.session.protocol.status import Loaded

_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130
_GRACE: Final = 0.4
"""Seconds to load a target in before the screen opens and shows that it is being loaded."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Its arguments; those of the program where left out.

    Returns:
        The exit code: 0, or 2 for bad input.
    """
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command is None:
            return _offer_samples()
        return _run(arguments) if arguments.command == "run" else int(arguments.do(arguments))
    except UsageError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stepscope",
        description="Build and debug event-driven step processes in the terminal.",
        epilog="Without a command it offers the samples.",
    )
    parser.add_argument("--version", action="version", version=f"stepscope {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a process and debug it",
        description="Run a process and debug it. Without a terminal, print its events and read answers from stdin.",
    )
    run.add_argument(
        "target",
        metavar="TARGET",
        help="path.py[:attribute] or package.module[:attribute]: a process, a builder, or a function that makes one",
    )
    run.add_argument("--event", metavar="ID", help="the input event to start with (default: the first)")
    run.add_argument("--data", metavar="JSON", type=_json, help="what the input event carries")
    run.add_argument("--paused", action="store_true", help="pause before the first message")
    run.add_argument(
        "--no-reload",
        dest="reload",
        action="store_false",
        help="leave edits of the code alone until the run is started again (default: take them in as they are saved)",
    )
    run.add_argument(
        "--break",
        metavar="EVENT_ID",
        dest="breakpoints",
        action="append",
        default=[],
        help="pause before this event is delivered (may be given more than once)",
    )
    add_commands(commands)
    return parser


def _json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error} (texts need double quotes)") from None
    return text


def _version() -> str:
    try:
        return version("stepscope")
    except PackageNotFoundError:
        return "(not installed)"


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _fail(message: str) -> NoReturn:
    print(f"stepscope: {message}", file=sys.stderr)  # noqa: T201 - this is the command line
    raise SystemExit(_BAD_INPUT)


def _offer_samples() -> int:
    if not _has_terminal():
        from tui.samples import samples  # noqa: PLC0415
        from tui.text.safe_text import safe  # noqa: PLC0415 - starting must be quick

        print("samples, to be run with `stepscope run PATH`:")  # noqa: T201
        for sample in samples():
            print(f"  {safe(str(sample.path))}\n      {safe(sample.about)}")  # noqa: T201
        return 0
    return asyncio.run(_open_app(None, None))


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
                stdin=sys.stdin,
                stdout=sys.stdout,
                stderr=sys.stderr,
                cwd=Path.cwd(),
            )
        )
    return asyncio.run(_open_app(arguments.target, arguments))


async def _open_app(target: str | None, arguments: argparse.Namespace | None) -> int:
    """Load the target in a worker while the UI is imported, then open the app."""
    from process_core.session.client.session import CommandRefused  # noqa: PLC0415
    from process_core.session.client.worker_process import WorkerSession  # noqa: PLC0415
    from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE  # noqa: PLC0415 - starting must be quick

    async def open_session() -> "Session":
        session = await WorkerSession.open(cwd=Path.cwd(), breakpoints_file=BREAKPOINTS_FILE)
        session.watch = arguments is None or arguments.reload
        return session

    session: Session | None = None
    loading: asyncio.Task[Any] | None = None
    if target is not None:
        session = await open_session()
        loading = asyncio.create_task(session.load(target))
        await asyncio.sleep(0)
    try:
        app_class, options_class, load_error_text = await asyncio.to_thread(_import_ui)
        if loading is not None and session is not None:
            done, _ = await asyncio.wait([loading], timeout=_GRACE)
            if done and isinstance(error := loading.exception(), CommandRefused):
                _fail(load_error_text(target, error.failure))
            if done and loading.exception() is None and arguments is not None:
                _check_event(arguments.event, loading.result())
        options = options_class()
        if arguments is not None:
            options = options_class(
                event=arguments.event,
                data=json.loads(arguments.data) if arguments.data is not None else None,
                has_data=arguments.data is not None,
                paused=arguments.paused,
                breakpoints=tuple(arguments.breakpoints),
            )
        app = app_class(open_session, target, options, session=session, loading=loading)
        try:
            await app.run_async()
        finally:
            session = app.session
        if app.refusal is not None:
            _fail(load_error_text(app.target, app.refusal))
        return int(app.return_code or 0)
    finally:
        if loading is not None and not loading.done():
            loading.cancel()
        if session is not None:
            await session.close()


def _check_event(event: str | None, loaded: "Loaded") -> None:
    from process_core.suggestions import suggestion  # noqa: PLC0415 - the UI is imported by now
    from tui.text.safe_text import safe  # noqa: PLC0415

    if event is not None and event not in loaded.input_events:
        _fail(f"{safe(loaded.name)} has no input event {safe(event)!r}{suggestion(event, loaded.input_events)}")


def _import_ui() -> tuple[Any, Any, Any]:
    from tui.app import StepscopeApp  # noqa: PLC0415 - starting must be quick
    from tui.run_controller import StartOptions  # noqa: PLC0415
    from tui.screens.load_error import load_error_text  # noqa: PLC0415

    return StepscopeApp, StartOptions, load_error_text


if __name__ == "__main__":
    raise SystemExit(main())

"""The `stepscope` command: makes sure that what it imports is what it was installed with, then runs it."""

import os
import sys


def main() -> int:
    """Run the command; return the exit code."""
    _search_chosen_folders_last()
    from tui.cli.main import main as run  # noqa: PLC0415 - not before it is certain whose `tui` that is

    return run()


def _search_chosen_folders_last() -> None:
    """Move the folders of PYTHONPATH, and the one that `python -m` puts first, behind the installed packages.

    A `rich.py` or a `tui` of the user's would be imported in place of ours. They stay at the end of the path, for what
    is installed nowhere else. In the worker, the user's code finds its modules where Python itself would look.
    """
    home = os.path.dirname(os.path.abspath(__file__))
    try:
        chosen = {os.path.abspath(folder) for folder in ("", *os.environ.get("PYTHONPATH", "").split(os.pathsep))}
        last = [folder for folder in sys.path if os.path.abspath(folder) in chosen - {home}]
    except OSError:  # the current folder has been removed, and with it what could be in the way
        return
    sys.path[:] = [folder for folder in sys.path if folder not in last] + last


if __name__ == "__main__":
    sys.exit(main())

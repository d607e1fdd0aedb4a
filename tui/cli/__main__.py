"""Runs the `stepscope` command: `python -m tui.cli`."""

import sys

from stepscope import main

if __name__ == "__main__":
    sys.exit(main())

"""What `process_core` takes to import in a fresh interpreter, beside `import asyncio` alone; the best of a few.

Names are imported when first used, so the bar is held against all of them; the bare import stands beside it.
"""

import os
import subprocess
import sys

from measuring import Counted

SIZE = 7
QUICK = 3
TIMED = "import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"


def importing(statement):
    def subject(size):
        # As for a user: with compiled files in place, which the first go writes where they are missing.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

        def once():
            command = [sys.executable, "-c", TIMED.format(statement=statement)]
            found = [
                subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
                for _ in range(size + 1)
            ]
            return min(map(float, found)) * 1000

        return Counted(once, "ms")

    return subject


SUBJECTS = {
    "asyncio": importing("import asyncio"),
    "bare import": importing("import process_core"),
    "engine": importing("from process_core import *"),
}

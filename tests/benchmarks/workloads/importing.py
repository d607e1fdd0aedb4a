"""What `import process_core` takes in a fresh interpreter, beside `import asyncio` alone; the best of a few."""

import subprocess
import sys

from measuring import Counted

SIZE = 7
QUICK = 3
TIMED = "import time; began = time.perf_counter(); import {module}; print(time.perf_counter() - began)"


def importing(module):
    def subject(size):
        def once():
            command = [sys.executable, "-c", TIMED.format(module=module)]
            found = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(size)]
            return min(map(float, found)) * 1000

        return Counted(once, "ms")

    return subject


SUBJECTS = {"asyncio": importing("asyncio"), "engine": importing("process_core.builder")}

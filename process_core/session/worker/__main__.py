"""Runs a worker; started by `WorkerSession` as a file, with a Python that need not have stepscope installed."""

# ruff: noqa: E402 - the path is put in order before anything is imported along it

import gc
import os
import sys

_SEARCHED = list(sys.path)


def _search_chosen_folders_last() -> None:
    """Move the folders of PYTHONPATH behind those of Python, until the worker has imported what it consists of.

    An `asyncio.py` of the user's would be imported in place of Python's, and there would be no worker to say so.
    """
    chosen = {os.path.abspath(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder}
    last = [folder for folder in _SEARCHED if os.path.abspath(folder) in chosen]
    sys.path[:] = [folder for folder in _SEARCHED if folder not in last] + last


if __name__ == "__main__":  # and not in the processes that steps start with multiprocessing, which run this file again
    _search_chosen_folders_last()

import importlib.util
from pathlib import Path


def _provide_the_package() -> None:
    """Make `process_core` the one this file is in, and nothing else of the folder that it lies in importable.

    The interpreter may be that of the user's own environment. What lies beside this package (the screen and its
    libraries, built for another Python) must stay out of it, and it may have another version of this package.
    """
    folder = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(
        "process_core", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["process_core"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if "process_core" not in sys.modules:
    _provide_the_package()  # in those processes too

if __name__ == "__main__":
    gc.disable()  # a tenth of the start is looking through what was just imported
    from process_core.session.worker.main import main

    gc.enable()
    sys.path[:] = _SEARCHED
    main()

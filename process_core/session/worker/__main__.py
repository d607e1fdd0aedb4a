"""Runs a worker; started by `WorkerSession` as a file, with a Python that need not have stepscope installed."""

import importlib.util
import sys
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
    _provide_the_package()  # also in the processes that steps start with multiprocessing, which run this file again

if __name__ == "__main__":
    from process_core.session.worker.main import main

    main()

"""Runs a worker: `python -m process_core.session.worker`, started by `WorkerSession`."""

from process_core.session.worker.main import main

if __name__ == "__main__":
    main()

"""A screen's end of a session, as other packages import it."""

from process_core.session.connection import CommandRefused, Session, Update, WorkerDied
from process_core.session.in_process import InProcessSession
from process_core.session.worker_session import WorkerSession

__all__ = ["CommandRefused", "InProcessSession", "Session", "Update", "WorkerDied", "WorkerSession"]

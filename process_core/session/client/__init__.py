"""A screen's end of a session, as other packages import it."""

from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused, Session, Update, WorkerDied
from process_core.session.client.worker_process import WorkerSession

__all__ = ["CommandRefused", "InProcessSession", "Session", "Update", "WorkerDied", "WorkerSession"]

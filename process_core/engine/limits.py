"""How far a run may go: what a definition and a run are refused beyond."""

from typing import Final

DEFAULT_MAX_SUPERSTEPS: Final = 1000
"""Supersteps allowed since the last outside input, where nobody says otherwise; a loop without end is most likely."""
MOST_LEVELS: Final = 24
"""Processes within processes; a checkpoint of calls parked that deep can still be written, payloads and all."""

"""What every message of a session has in common."""

from pydantic import BaseModel, ConfigDict

PROTOCOL_VERSION = 1
MAX_FRAME = 16 * 1024 * 1024
"""Largest frame either side accepts, in bytes."""


class Message(BaseModel):
    """The base of everything that travels."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Command(Message):
    """The base of what a client sends."""

    id: int = 0

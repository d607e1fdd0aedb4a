"""A screen's end of a session."""

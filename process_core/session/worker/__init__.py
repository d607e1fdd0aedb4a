"""The end of a session that runs the user's code."""

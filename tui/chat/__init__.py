"""The chat panel: what the process says and asks, and where it is answered."""

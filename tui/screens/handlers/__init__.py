"""What the debug screen does for each action: plain objects that hold its parts, each a chapter of the actions."""

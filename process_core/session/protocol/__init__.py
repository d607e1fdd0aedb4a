"""What both ends of a session speak."""

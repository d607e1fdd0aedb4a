"""A laid-out graph as text and styles."""

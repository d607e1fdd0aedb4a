"""The widget that shows a graph."""

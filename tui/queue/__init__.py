"""The queue panel."""

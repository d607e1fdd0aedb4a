"""Explains why an event happened, and why a step has not run."""

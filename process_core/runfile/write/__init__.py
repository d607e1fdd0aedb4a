"""Writes a run file while the run goes on."""

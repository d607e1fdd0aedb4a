"""Reads a run file, also while another process writes it."""

"""Finds the rows of a run file that a filter keeps."""

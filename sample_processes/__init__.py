"""Processes to try stepscope on; each runs with `stepscope run sample_processes/NAME.py`."""

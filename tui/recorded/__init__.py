"""Recorded runs: finding them, describing them, and showing one in the debug screen without running any of its code."""

"""The event timeline: every workflow event of a run, a million of them as quick as a hundred."""

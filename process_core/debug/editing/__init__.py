"""Changes what a paused run is about to do, one undoable edit at a time."""

"""The inspector: all there is to know of one event or one step, as a tree that opens as far as one looks."""

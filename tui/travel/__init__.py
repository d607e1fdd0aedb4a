"""Going back through what is recorded."""

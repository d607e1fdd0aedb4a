"""A debugger's connection to a worker that holds runs."""

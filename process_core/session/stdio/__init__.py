"""What `print`, `input` and the standard descriptors mean inside a worker."""

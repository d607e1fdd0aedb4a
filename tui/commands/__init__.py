"""The command line: what is typed after `:` and what it means."""

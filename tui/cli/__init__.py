"""The `stepscope` command."""

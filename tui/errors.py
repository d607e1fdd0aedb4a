"""What a command says when it is asked for something that cannot be done."""


class UsageError(Exception):
    """A command cannot do what it was asked for; the text, safe to show, says why and what to do. Exit code 2."""

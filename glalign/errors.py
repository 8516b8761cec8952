"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Bad input: the message names the file, key or cell and the remedy; the command line prints it and exits 1."""

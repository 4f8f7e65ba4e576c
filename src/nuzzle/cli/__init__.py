"""The command line: `nuzzle COMMAND`. One file a command: parse, call one function, print."""

from nuzzle.cli.app import main

__all__ = ["main"]

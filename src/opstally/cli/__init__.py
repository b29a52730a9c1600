"""The command line: `opstally`."""

from opstally.cli.run import main, run

__all__ = ["main", "run"]

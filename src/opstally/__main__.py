"""`python -m opstally`: the command line."""

from opstally.cli import main

if __name__ == "__main__":
    main()

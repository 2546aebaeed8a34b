"""`python -m derive` is the command `derive`."""

from derive.cli import command

if __name__ == "__main__":
    command()

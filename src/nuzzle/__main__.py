"""`python -m nuzzle`, for shells that do not find the command `nuzzle`."""

from nuzzle.cli import main

if __name__ == "__main__":
    main()

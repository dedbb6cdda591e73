"""`python -m puna` is `puna`."""

from puna.commands import main

if __name__ == "__main__":
    main()

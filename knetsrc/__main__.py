"""`python -m knetsrc`."""

from knetsrc.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

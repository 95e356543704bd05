"""`python -m viennatag` is the same as `viennatag`."""

from viennatag.cli import main

main()

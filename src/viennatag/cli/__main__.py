"""`python -m viennatag.cli` is the same as `viennatag`."""

from viennatag.cli import main

main()

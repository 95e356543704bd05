"""Standard output and error as they are: not every terminal, pipe or file takes all characters."""

import codecs
import os
import sys
from contextlib import suppress

_PLAIN = {
    "█": "#", "─": "-", "━": "-", "│": "|", "╸": "-", "╺": "-", "·": ".", "•": "*", "…": "...", "–": "-", "—": "-",
    "−": "-", "×": "x", "±": "+-", "≥": ">=", "≤": "<=", "→": "->", "‘": "'", "’": "'", "“": '"', "”": '"', "\xa0": " ",
}  # fmt: skip
"""What stands for an ornament where it cannot be written."""


def _give_way(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    characters = error.object[error.start : error.end]
    return "".join(
        _PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode() for each in characters
    ), error.end


codecs.register_error("viennatag.give_way", _give_way)


def prepare_streams() -> None:
    """Let stdout and stderr write any text: ornaments give way, other characters and bytes of names are escaped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it was closed; a file that is opened must not take its place
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a test or a notebook may have put something else there
            stream.reconfigure(errors="viennatag.give_way")


def takes_unicode() -> bool:
    """Return whether stdout can write all characters."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("_", "-") in {"utf-8", "utf8", "utf-16"}


def takes_styles() -> bool:
    """Return whether stdout is a terminal that shows bold and dim text, and whose user wants it (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def flush_output() -> None:
    """Write what stdout still holds.

    Raises:
        OSError: If it cannot be written; what is left is dropped, so that it is not tried again at the end.
    """
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise

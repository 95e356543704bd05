"""Every error that viennatag raises on purpose.

    ViennatagError
    ├── CodeError        text that is no Vienna code
    ├── DataError        a marks table, targets or scores that cannot be used
    ├── ImageError       an image file that cannot be turned into pixels
    ├── BundleError      a bundle that is missing, damaged or from a newer version
    ├── ReferenceMarksError  an index of reference marks that is missing, damaged or of another bundle
    ├── BackboneError    a backbone that is unknown, out of reach or cannot be exported
    ├── ArtworkError     artwork or fonts that cannot be read or drawn
    ├── PrecisionError   a reduced precision that would lose too much
    ├── FeedbackError   feedback that teaches a bundle nothing, or would make it worse
    ├── OptionError      an option whose value makes no sense
    ├── BulkError        results of a bulk run that cannot be written, or gone on with
    ├── StoreError       a team's store that cannot be opened, read or written
    ├── OutputError      a file or folder that cannot be written where it was asked for
    └── MissingExtraError  an optional part of viennatag that is not installed

A message says what was found, what was expected and what to do next. The command line prints it
on one line and exits with status 2; everything else that escapes is a bug.
"""

from importlib import import_module
from types import ModuleType


class ViennatagError(Exception):
    """Root of all deliberate errors; catch this to catch them all."""


class CodeError(ViennatagError):
    """Text that cannot be read as a Vienna code."""


class DataError(ViennatagError):
    """A marks table, targets or scores that cannot be used as they are."""


class ImageError(ViennatagError):
    """An image file that cannot be turned into pixels."""


class BundleError(ViennatagError):
    """A bundle that is missing, damaged, or written by a newer version."""


class ReferenceMarksError(ViennatagError):
    """An index of reference marks that is missing, damaged, or was made with another bundle."""


class BackboneError(ViennatagError):
    """A backbone that is unknown, out of reach, or cannot be exported."""


class ArtworkError(ViennatagError):
    """Artwork or fonts that cannot be read or drawn."""


class PrecisionError(ViennatagError):
    """A reduced precision that would lose too much."""


class FeedbackError(ViennatagError):
    """Feedback that teaches a bundle nothing, or would make it worse."""


class OptionError(ViennatagError):
    """An option whose value makes no sense."""


class BulkError(ViennatagError):
    """Results of a bulk run that cannot be written, or gone on with."""


class StoreError(ViennatagError):
    """A team's store that cannot be opened, read or written."""


class OutputError(ViennatagError, OSError):
    """A file or folder that cannot be written where it was asked for."""


class MissingExtraError(ViennatagError):
    """An optional part of viennatag that is not installed."""


def require(module: str, extra: str) -> ModuleType:
    """Return an imported optional module.

    Raises:
        MissingExtraError: If it is not installed; the message names the pip command.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.split(".")[0] != module.split(".", maxsplit=1)[0]:
            raise
        raise MissingExtraError(
            f"this needs the package {module.split('.', maxsplit=1)[0]!r}, which is not installed; "
            f"install it with: pip install 'viennatag[{extra}]'"
        ) from exc


def report_problems(what: str, problems: list[str], *, limit: int = 20) -> str:
    """Return one message that lists problems, the first `limit` of them in full."""
    shown = "\n".join(f"  {problem}" for problem in problems[:limit])
    rest = len(problems) - limit
    return f"{what}\n{shown}" + (f"\n  and {rest:,} more" if rest > 0 else "")


def count(number: int, thing: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def visible(text: str) -> str:
    r"""Return text for a terminal, which must not obey what the name of a file says: `\x1b` and its like are shown."""
    return text.translate(_CONTROLS)


_CONTROLS = {each: f"\\x{each:02x}" for each in (*range(10), *range(11, 32), *range(127, 160))}
"""What stands for each control character but the line break."""

"""The files of a multipart form, from a body that was read whole and is within its limit."""

from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from viennatag.service.problems import INVALID, MALFORMED, TOO_LARGE, Problem

FIELD = "files"
"""The form field that holds images; it may be repeated."""


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name, or "" where it has none, and its bytes."""

    name: str
    content: bytes


def read_form(body: bytes, content_type: str, *, max_files: int) -> list[Upload]:
    """Return the files of a form.

    Raises:
        Problem: If the form is malformed or cut off, holds other fields or none, or too many files.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise Problem(MALFORMED, "the content type names no boundary; expected multipart/form-data; boundary=...")
    form = _Form(max_files)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin_part,
                "on_header_field": form.read_header_name,
                "on_header_value": form.read_header_value,
                "on_header_end": form.end_header,
                "on_headers_finished": form.end_headers,
                "on_part_data": form.read_data,
                "on_part_end": form.end_part,
                "on_end": form.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as exc:
        raise Problem(MALFORMED, f"the form is malformed: {exc}") from exc
    if not form.complete:
        raise Problem(MALFORMED, "the form is cut off: its last boundary is missing")
    if not form.uploads:
        raise Problem(INVALID, f"the form holds no file; send one or more in the field {FIELD!r}")
    return form.uploads


class _Form:
    """What the parser has met so far."""

    def __init__(self, max_files: int) -> None:
        self.uploads: list[Upload] = []
        self.complete = False
        self._max_files = max_files
        self._name = self._value = b""
        self._disposition: dict[bytes, bytes] = {}
        self._data: list[bytes] = []

    def begin_part(self) -> None:
        if len(self.uploads) == self._max_files:
            raise Problem(TOO_LARGE, f"the form holds more than {self._max_files} files; send them in several requests")
        self._disposition, self._data = {}, []

    def read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = parse_options_header(self._value)[1]
        self._name = self._value = b""

    def end_headers(self) -> None:
        field = self._disposition.get(b"name", b"").decode("utf-8", "replace")
        if field != FIELD:
            raise Problem(INVALID, f"the form has a field {field[:40]!r}; expected images in the field {FIELD!r}")

    def read_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def end_part(self) -> None:
        name = self._disposition.get(b"filename", b"").decode("utf-8", "replace")
        self.uploads.append(Upload(name[:255], b"".join(self._data)))

    def end(self) -> None:
        self.complete = True

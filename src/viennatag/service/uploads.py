"""The images of a request: a multipart form, or one image as the whole body, never read beyond the limits.

Starlette parses forms as they arrive. It sets no limit on the whole body or on the time to send it, and it takes a
form without its last boundary for complete, so these three are checked here.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from viennatag.service.options import ServiceOptions
from viennatag.service.problems import BUSY, INVALID, MALFORMED, SLOW_BODY, TOO_LARGE, UNSUPPORTED_MEDIA, Problem
from viennatag.service.state import State

FIELD = "files"
"""The form field that holds images; it may be repeated."""
_NAME_LENGTH = 255
_CLOSE = {"Connection": "close"}  # the unread rest of a body must not be taken for the next request


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name, or "" without one, and its bytes."""

    name: str
    content: bytes


async def read_uploads(request: Request, state: State) -> list[Upload]:
    """Return the images of a request.

    Raises:
        Problem: If the body is of another type, malformed, too large, too slow, or holds too many images; if there
            is no room for an image, or too many bodies are being read.
    """
    options = state.options
    state.batcher.check_room()  # before the body, which need not be sent in vain
    content_type = request.headers.get("content-type", "application/octet-stream")
    media_type = content_type.partition(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if not (is_form or media_type.startswith("image/") or media_type == "application/octet-stream"):
        raise Problem(
            UNSUPPORTED_MEDIA,
            f"the body is {media_type or 'of no type'}; expected an image as image/* or application/octet-stream, "
            "or several as multipart/form-data",
            headers={"Accept-Post": "multipart/form-data, image/*, application/octet-stream", **_CLOSE},
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(UNSUPPORTED_MEDIA, "the body has a content encoding; send it without", headers=_CLOSE)
    if state.reading >= options.queue:
        state.metrics.refused.inc()
        raise Problem(BUSY, f"{state.reading} bodies are being read, no more may; try again soon", headers=_CLOSE)
    state.reading += 1
    body = _Body(request, options)
    try:
        async with asyncio.timeout(options.read_seconds):
            if is_form:
                uploads = await _read_form(request, body, options)
            else:
                uploads = [Upload("", b"".join([chunk async for chunk in body.stream()]))]
    except TimeoutError:
        detail = f"only {body.size:,} bytes of the body came within {options.read_seconds:g} s"
        raise Problem(SLOW_BODY, detail, headers=_CLOSE) from None
    finally:
        state.reading -= 1
    request.state.log = {"images": len(uploads), "bytes": sum(len(upload.content) for upload in uploads)}
    return uploads


async def read_upload(request: Request, state: State) -> Upload:
    """Return the one image of a request.

    Raises:
        Problem: As `read_uploads`, or if there are several.
    """
    uploads = await read_uploads(request, state)
    if len(uploads) > 1:
        raise Problem(INVALID, f"the form holds {len(uploads)} files; expected one image")
    return uploads[0]


class _Body:
    """The body of a request within its limit of bytes; `size` are the bytes read so far."""

    def __init__(self, request: Request, options: ServiceOptions) -> None:
        self._request = request
        self._most = options.max_body
        self.size = 0

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body piece by piece."""
        too_large = Problem(TOO_LARGE, f"the body is larger than {self._most:,} bytes", headers=_CLOSE)
        length = self._request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            raise Problem(MALFORMED, "Content-Length is not a number of bytes", headers=_CLOSE)
        if int(length) > self._most:
            raise too_large
        async for chunk in self._request.stream():
            self.size += len(chunk)
            if self.size > self._most:
                raise too_large
            yield chunk


class _FormParser(MultiPartParser):
    """Starlette's parser, which also tells whether the last boundary has come."""

    complete = False

    def on_end(self) -> None:
        self.complete = True


async def _read_form(request: Request, body: _Body, options: ServiceOptions) -> list[Upload]:
    async def stream() -> AsyncGenerator[bytes, None]:
        async for chunk in body.stream():
            yield chunk
        if not parser.complete:  # raised in here, so that the parser closes its files
            raise Problem(MALFORMED, "the form is cut off: its last boundary is missing")

    most = options.max_files
    parser = _FormParser(request.headers, stream(), max_files=most, max_fields=most)
    parser.spool_max_size = options.max_body  # in memory: the body is limited, and no file is left on a disk
    try:
        form = await parser.parse()
    except MultiPartException as exc:
        raise _form_problem(exc, most) from exc
    except UnicodeError as exc:  # the client names the codec of the field names
        raise Problem(MALFORMED, f"the form is malformed: {exc}", headers=_CLOSE) from exc
    try:
        uploads = [await _read_file(field, value) for field, value in form.multi_items()]
    finally:
        await form.close()
    if not uploads:
        raise Problem(INVALID, f"the form holds no file; send one or more in the field {FIELD!r}")
    return uploads


async def _read_file(field: str, value: UploadFile | str) -> Upload:
    if field != FIELD:
        raise Problem(INVALID, f"the form has a field {field[:40]!r}; expected images in the field {FIELD!r}")
    if isinstance(value, str):
        raise Problem(INVALID, f"the field {FIELD!r} has no file name; expected an image file")
    name = (value.filename or "")[:_NAME_LENGTH].encode("utf-8", "replace").decode()
    return Upload(name, await value.read())


def _form_problem(exc: MultiPartException, max_files: int) -> Problem:
    """Return the problem of a form that Starlette refuses; only the message tells why."""
    if exc.message.startswith("Too many files"):
        detail = f"the form holds more than {max_files} files; send them in several requests"
        return Problem(TOO_LARGE, detail, headers=_CLOSE)
    if exc.message.startswith(("Invalid", "Missing")):
        return Problem(MALFORMED, f"the form is malformed: {exc.__cause__ or exc.message}", headers=_CLOSE)
    detail = f"{exc.message.rstrip('.')}; expected images in the field {FIELD!r}"
    return Problem(INVALID, detail, headers=_CLOSE)

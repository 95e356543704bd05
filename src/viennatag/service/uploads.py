"""The images of a request, a multipart form or one as the whole body, never read beyond the limits; and of an answer.

Starlette parses forms as they arrive. It sets no limit on the whole body or on the time to send it, and it takes a
form without its last boundary for complete, so these three are checked here.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from PIL import Image
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from viennatag.service.budget import CLOSE, GAVE_WAY, Reservation, budget_refusal
from viennatag.service.problems import INVALID, MALFORMED, SLOW_BODY, TOO_LARGE, UNSUPPORTED_MEDIA, Problem
from viennatag.service.state import State

FIELD = "files"
"""The form field that holds images; it may be repeated."""
_NAME_LENGTH = 255
_Read = TypeVar("_Read")
_BINARY = {"type": "string", "format": "binary"}


def _images_body(field: dict[str, Any]) -> dict[str, Any]:
    form = {"type": "object", "required": [FIELD], "properties": {FIELD: field}}
    raw = {name: {"schema": _BINARY} for name in ("image/png", "image/jpeg", "application/octet-stream")}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}, **raw}}


ONE_IMAGE = _images_body(_BINARY)
"""The OpenAPI description of a request body with one image."""
IMAGES = _images_body({"type": "array", "minItems": 1, "items": _BINARY})
"""The OpenAPI description of a request body with one or more images."""


def png_response(image: Image.Image, headers: Mapping[str, str] | None = None) -> Response:
    """Return an image as the answer to a request, with fast compression."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return Response(file.getvalue(), media_type="image/png", headers=headers)


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name, or "" without one, and its bytes."""

    name: str
    content: bytes


@asynccontextmanager
async def receive_images(
    request: Request, state: State, *, max_files: int | None = None
) -> AsyncGenerator[list[Upload], None]:
    """Read the images of a request, and hold their bytes in the budget until the end of the block.

    Raises:
        Problem: If the body is of another type, malformed, too large, too slow, or holds too many images; if there
            is no room for an image or for its bytes, or too many bodies are being read.
    """
    state.batcher.check_room()  # before the body, which need not be sent in vain
    caller = getattr(request.state, "caller", None)
    if caller is not None:
        caller.check_limit()
    held = Reservation()
    most, is_form = max_files or state.options.max_files, _check_type(request)

    async def read(body: _Body) -> list[Upload]:
        if is_form:
            return await _read_form(request, body, most, state.options.max_body)
        return [Upload("", await body.read())]

    try:
        uploads = await _read(request, state, held, read)
        if caller is not None:
            caller.count(len(uploads))
        request.state.log = {"images": len(uploads), "bytes": sum(len(upload.content) for upload in uploads)}
        yield uploads
    except Problem as problem:
        if problem.kind.status == 503:
            state.metrics.refused.inc()
        raise
    finally:
        state.budget.release(held)


@asynccontextmanager
async def receive_image(request: Request, state: State) -> AsyncGenerator[Upload, None]:
    """Read the one image of a request, as `receive_images`.

    Raises:
        Problem: As `receive_images`, or if there are several.
    """
    async with receive_images(request, state) as uploads:
        if len(uploads) > 1:
            raise Problem(INVALID, f"the form holds {len(uploads)} files; expected one image")
        yield uploads[0]


@asynccontextmanager
async def receive_body(
    request: Request, state: State, media_types: Sequence[str], *, most: int | None = None
) -> AsyncGenerator[tuple[str, bytes], None]:
    """Read a body that is no image, and hold its bytes in the budget until the end of the block; yields its type too.

    It has at most `most` bytes, by default as many as any body.

    Raises:
        Problem: If the body is of another type, too large or too slow, or there is no room for it.
    """
    media_type = _media_type(request)
    if media_type not in media_types:
        found = f"the body is {media_type or 'of no type'}; expected {' or '.join(media_types)}"
        raise Problem(UNSUPPORTED_MEDIA, found, headers=CLOSE)
    _check_encoding(request)
    held = Reservation()
    try:
        yield media_type, await _read(request, state, held, _Body.read, most)
    finally:
        state.budget.release(held)


async def _read(
    request: Request,
    state: State,
    held: Reservation,
    read: Callable[["_Body"], Awaitable[_Read]],
    most: int | None = None,
) -> _Read:
    options = state.options
    body = _Body(request, min(most or options.max_body, options.max_body), lambda size: state.budget.take(held, size))
    try:
        async with asyncio.timeout(options.read_seconds) as held.timeout:
            state.budget.begin(held)
            return await read(body)
    except TimeoutError:
        if held.gave_way:
            raise budget_refusal(GAVE_WAY) from None
        detail = f"only {body.size:,} bytes of the body came within {options.read_seconds:g} s"
        raise Problem(SLOW_BODY, detail, headers=CLOSE) from None
    finally:
        state.budget.finish(held)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()


def _check_type(request: Request) -> bool:
    """Return whether the body is a form, by its headers.

    Raises:
        Problem: If it is neither a form nor an image, or has a content encoding.
    """
    media_type = _media_type(request)
    is_form = media_type == "multipart/form-data"
    if not (is_form or media_type.startswith("image/") or media_type == "application/octet-stream"):
        raise Problem(
            UNSUPPORTED_MEDIA,
            f"the body is {media_type or 'of no type'}; expected an image as image/* or application/octet-stream, "
            "or several as multipart/form-data",
            headers={"Accept-Post": "multipart/form-data, image/*, application/octet-stream", **CLOSE},
        )
    _check_encoding(request)
    return is_form


def _check_encoding(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(UNSUPPORTED_MEDIA, "the body has a content encoding; send it without", headers=CLOSE)


class _Body:
    """The body of a request within its limit of bytes; `size` are the bytes read so far."""

    def __init__(self, request: Request, most: int, take: Callable[[int], None]) -> None:
        self._request = request
        self._most = most
        self._take = take
        self.size = 0

    async def read(self) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.stream()])

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body piece by piece."""
        too_large = Problem(TOO_LARGE, f"the body is larger than {self._most:,} bytes", headers=CLOSE)
        length = self._request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            raise Problem(MALFORMED, "Content-Length is not a number of bytes", headers=CLOSE)
        if int(length) > self._most:
            raise too_large
        async for chunk in self._request.stream():
            self.size += len(chunk)
            if self.size > self._most:
                raise too_large
            self._take(len(chunk))
            yield chunk


class _FormParser(MultiPartParser):
    """Starlette's parser, which also tells whether the last boundary has come."""

    complete = False

    def on_end(self) -> None:
        self.complete = True


async def _read_form(request: Request, body: _Body, most: int, max_body: int) -> list[Upload]:
    async def stream() -> AsyncGenerator[bytes, None]:
        async for chunk in body.stream():
            yield chunk
        if not parser.complete:  # raised in here, so that the parser closes its files
            raise Problem(MALFORMED, "the form is cut off: its last boundary is missing")

    parser = _FormParser(request.headers, stream(), max_files=most, max_fields=most)
    parser.spool_max_size = max_body  # in memory: the body is limited, and no file is left on a disk
    try:
        form = await parser.parse()
    except MultiPartException as exc:
        raise _form_problem(exc, most) from exc
    except UnicodeError as exc:  # the client names the codec of the field names
        raise Problem(MALFORMED, f"the form is malformed: {exc}", headers=CLOSE) from exc
    try:
        uploads = [await _read_file(field, value) for field, value in form.multi_items()]
    finally:
        await form.close()
    if not uploads:
        raise Problem(INVALID, f"the form holds no file; send one or more in the field {FIELD!r}")
    return uploads


async def _read_file(field: str, value: UploadFile | str) -> Upload:
    if field != FIELD:
        hint = "options such as top go into the query of the address" if isinstance(value, str) else ""
        expected = f"expected images in the field {FIELD!r}"
        raise Problem(INVALID, f"the form has a field {field[:40]!r}; {expected}{hint and f'; {hint}'}")
    if isinstance(value, str):
        raise Problem(INVALID, f"the field {FIELD!r} has no file name; expected an image file")
    name = (value.filename or "")[:_NAME_LENGTH].encode("utf-8", "replace").decode()
    return Upload(name, await value.read())


def _form_problem(exc: MultiPartException, max_files: int) -> Problem:
    """Return the problem of a form that Starlette refuses; only the message tells why."""
    if exc.message.startswith("Too many files"):
        detail = f"the form holds more than {max_files} files; send them in several requests"
        return Problem(TOO_LARGE, detail, headers=CLOSE)
    if exc.message.startswith(("Invalid", "Missing")):
        return Problem(MALFORMED, f"the form is malformed: {exc.__cause__ or exc.message}", headers=CLOSE)
    detail = f"{exc.message.rstrip('.')}; expected images in the field {FIELD!r}"
    return Problem(INVALID, detail, headers=CLOSE)

"""The images of a request: a multipart form, or one image as the whole body, never read beyond the limits."""

import asyncio

from starlette.requests import Request

from viennatag.service.multipart import Upload, read_form
from viennatag.service.problems import BUSY, INVALID, MALFORMED, MEDIA, SLOW_BODY, TOO_LARGE, Problem
from viennatag.service.settings import Settings
from viennatag.service.state import State

_CLOSE = {"Connection": "close"}  # what was not read of a body must not be taken for the next request
_BIG = 1_000_000  # bytes from which parsing a form would keep other requests waiting noticeably


async def read_uploads(request: Request, state: State) -> list[Upload]:
    """Return the images that a request brings.

    Raises:
        Problem: If the body is of another type, malformed, too large, too slow, or holds too many images; if there
            is no room for an image, or too many bodies are being read.
    """
    settings = state.settings
    state.batcher.check_room()  # before the body, which need not be sent in vain
    content_type = request.headers.get("content-type", "application/octet-stream")
    media_type = content_type.partition(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if not (is_form or media_type.startswith("image/") or media_type == "application/octet-stream"):
        raise Problem(
            MEDIA,
            f"the body is {media_type or 'of no type'}; expected an image as image/* or application/octet-stream, "
            "or several as multipart/form-data",
            headers={"Accept-Post": "multipart/form-data, image/*, application/octet-stream", **_CLOSE},
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(MEDIA, "the body has a content encoding; send it without", headers=_CLOSE)
    if state.reading >= settings.queue:
        state.counters.refused.inc()
        raise Problem(BUSY, f"{state.reading} bodies are being read, no more may; try again soon", headers=_CLOSE)
    state.reading += 1
    try:
        body = await _read_body(request, settings)
    finally:
        state.reading -= 1
    if not is_form:
        return [Upload("", body)]
    if len(body) > _BIG:
        return await asyncio.to_thread(read_form, body, content_type, max_files=settings.max_files)
    return read_form(body, content_type, max_files=settings.max_files)


async def read_upload(request: Request, state: State) -> Upload:
    """Return the one image that a request brings.

    Raises:
        Problem: As `read_uploads`, or if there are several.
    """
    uploads = await read_uploads(request, state)
    if len(uploads) > 1:
        raise Problem(INVALID, f"the form holds {len(uploads)} files; expected one image")
    return uploads[0]


async def _read_body(request: Request, settings: Settings) -> bytes:
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise Problem(MALFORMED, "Content-Length is not a number of bytes", headers=_CLOSE)
    too_large = Problem(TOO_LARGE, f"the body is larger than {settings.max_body:,} bytes", headers=_CLOSE)
    if int(length) > settings.max_body:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings.read_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > settings.max_body:
                    raise too_large
                chunks.append(chunk)
    except TimeoutError:
        raise Problem(
            SLOW_BODY, f"only {size:,} bytes of the body came within {settings.read_seconds:g} s", headers=_CLOSE
        ) from None
    return b"".join(chunks)

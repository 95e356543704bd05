"""`/v1/similar`: known marks that look like an image, with the codes that an office gave them, and their pictures.

A picture is shown only to who was given its address by a search: the address is signed with a key of this process.
So no name can be guessed, and a browser can load it as an image, which cannot send a token.
"""

import hmac
import io
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from viennatag.errors import ImageError
from viennatag.explain.similar import DESCRIPTION, INDEX, KnownMarks, SimilarMark
from viennatag.images.decoding import check_pixels, decode_image
from viennatag.prediction.predictor import heading
from viennatag.service.answers import SimilarMarks
from viennatag.service.batching import Sight
from viennatag.service.prediction import ONE_IMAGE
from viennatag.service.problems import NO_INDEX, NOT_FOUND, RESPONSES, Problem
from viennatag.service.state import State
from viennatag.service.uploads import read_upload

PICTURE = "/v1/similar/image"
LONGEST_SIDE = 320
"""Of a known mark's picture, in pixels."""


def similar_routes(state: State) -> APIRouter:
    """Return the routes about known marks.

    Raises:
        KnownMarksError: If the bundle's index is damaged or was made with another bundle.
        MissingExtraError: If the bundle has an index and the package that searches it is not installed.
    """
    router = APIRouter(tags=["images"], responses=RESPONSES)
    bundle, folder = state.predictor.bundle, state.settings.known_images
    home = bundle.graph.parent
    has_index = (home / INDEX / DESCRIPTION).is_file()
    known = KnownMarks.open(home, graph=bundle.graph) if has_index else None
    key = secrets.token_bytes(32)

    def sign(name: str) -> str:
        return hmac.new(key, name.encode(), "sha256").hexdigest()

    def describe(mark: SimilarMark) -> dict[str, Any]:
        address = f"{PICTURE}?{urlencode({'name': mark.image, 'key': sign(mark.image)})}"
        return {
            "image": mark.image,
            "codes": [{"code": code, "heading": heading(code, bundle.labels.taxonomy)} for code in mark.codes],
            "similarity": mark.similarity,
            "thumbnail": None if folder is None else address,
        }

    @router.post("/v1/similar", response_model=SimilarMarks, openapi_extra={"requestBody": ONE_IMAGE})
    async def find_similar(
        request: Request, k: Annotated[int, Query(ge=1, le=50, description="How many marks.")] = 6
    ) -> JSONResponse:
        """Find the known marks that look most like an image; a problem where the bundle has no index."""
        if known is None:
            raise Problem(NO_INDEX, "make one with `viennatag index` and start the service again")
        upload = await read_upload(request, state)
        request.state.log = {"images": 1, "bytes": len(upload.content)}

        def answer(sight: Sight) -> list[dict[str, Any]]:
            return [describe(mark) for mark in known.search(sight.features, k)]

        (found,) = await state.batcher.look([upload.content], answer)
        if isinstance(found, ImageError):
            raise found
        return JSONResponse({"marks": found})

    @router.get(
        PICTURE,
        response_class=Response,
        responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def show_picture(
        name: Annotated[str, Query(max_length=1000)], key: Annotated[str, Query(max_length=64)]
    ) -> Response:
        """Show a known mark's picture, at the address that a search gave as `thumbnail`."""
        if folder is None or not hmac.compare_digest(key.encode(), sign(name).encode()):
            raise Problem(NOT_FOUND, "no search of this service gave this address; search again")
        content = await state.batcher.call(lambda: _picture(folder, name, state.settings.max_pixels))
        return Response(content, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})

    return router


def _picture(folder: Path, name: str, max_pixels: int) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise Problem(NOT_FOUND, "the folder of known images does not hold this mark's picture")
    check_pixels(path, most=max_pixels)
    image = decode_image(path, near=LONGEST_SIDE)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

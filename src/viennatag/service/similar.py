"""`/v1/similar`: reference marks that look like an image, with the codes of their office and their images.

The address of a thumbnail is signed with a key of this process, so it can only come from a search, and a browser can
load it in an image element, which cannot send a token.
"""

import hmac
import secrets
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from viennatag.errors import ImageError, MissingExtraError
from viennatag.explain.similar import INDEX, INDEX_DESCRIPTION, ReferenceMarks, SimilarMark
from viennatag.service.batching import ImageScores
from viennatag.service.logs import LOG
from viennatag.service.parameters import BoxQuery, read_box
from viennatag.service.problems import NO_INDEX, NOT_FOUND, RESPONSES, Problem
from viennatag.service.schemas import PNG_RESPONSE, SimilarResponse
from viennatag.service.state import State
from viennatag.service.uploads import ONE_IMAGE, png_response, receive_image

THUMBNAIL_PATH = "/v1/similar/image"
_LONGEST_SIDE = 320
"""Of a thumbnail, in pixels."""


def similar_routes(state: State) -> APIRouter:
    """Return the routes of similar reference marks.

    Raises:
        ReferenceMarksError: If the bundle's index is damaged or was made with another bundle.
    """
    router = APIRouter(tags=["images"], responses=RESPONSES)
    bundle, folder = state.predictor.bundle, state.options.reference_images
    home = bundle.graph.parent
    has_index = (home / INDEX / INDEX_DESCRIPTION).is_file()
    advice = "make one with `viennatag index` and start the service again"
    try:
        reference = ReferenceMarks.open(home, graph=bundle.graph) if has_index else None
    except MissingExtraError as exc:
        reference, advice = None, f"it has one, but {exc}"
        LOG.warning("similar reference marks are not shown; %s", exc)
    key = secrets.token_bytes(32)

    def sign(name: str) -> str:
        return hmac.new(key, name.encode(), "sha256").hexdigest()

    def describe(mark: SimilarMark) -> dict[str, Any]:
        address = f"{THUMBNAIL_PATH}?{urlencode({'name': mark.image, 'key': sign(mark.image)})}"
        return {
            "image": mark.image,
            "codes": [{"code": code, "heading": bundle.labels.hierarchy.heading(code)} for code in mark.codes],
            "similarity": mark.similarity,
            "thumbnail": None if folder is None else address,
        }

    @router.post(
        "/v1/similar",
        response_model=SimilarResponse,
        openapi_extra={"requestBody": ONE_IMAGE},
        operation_id="find_similar",
    )
    async def find_similar(
        request: Request,
        k: Annotated[int, Query(ge=1, le=50, description="How many marks.")] = 6,
        box: BoxQuery = None,
    ) -> JSONResponse:
        """Find the reference marks that look most like an image, or a region of it.

        A problem if the bundle has no index.
        """
        region = read_box(box)
        if reference is None:
            raise Problem(NO_INDEX, advice)

        def search(image: ImageScores) -> list[dict[str, Any]]:
            return [describe(mark) for mark in reference.search(image.features, k)]

        async with receive_image(request, state) as image:
            (found,) = await state.batcher.score([image.content], search, region=region)
        if isinstance(found, ImageError):
            raise found
        return JSONResponse({"marks": found})

    @router.get(THUMBNAIL_PATH, response_class=Response, responses=PNG_RESPONSE, operation_id="show_reference_mark")
    async def show_thumbnail(
        name: Annotated[str, Query(max_length=1000)], key: Annotated[str, Query(max_length=64)]
    ) -> Response:
        """Show a reference mark, at the address that a search returned as `thumbnail`."""
        if folder is None or not hmac.compare_digest(key.encode(), sign(name).encode()):
            raise Problem(NOT_FOUND, "no search returned this address; search again")
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise Problem(NOT_FOUND, "the folder of reference images does not hold this image")
        encode = partial(png_response, headers={"Cache-Control": "private, max-age=3600"})
        return await state.batcher.run(path, state.batcher.shrinking(path, _LONGEST_SIDE), encode)

    return router

"""`/v1/explain`: the heat map of a code."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import BundleError
from viennatag.explain.heatmap import Explanation
from viennatag.images.decoding import FramedImage
from viennatag.service.parameters import BoxQuery, read_box
from viennatag.service.problems import NO_HEAT_MAP, RESPONSES, Problem
from viennatag.service.schemas import PNG_RESPONSE, ExplainResponse
from viennatag.service.state import State
from viennatag.service.uploads import ONE_IMAGE, png_response, receive_image
from viennatag.vienna.codes import parse_code

_LONGEST_SIDE = 1024
"""Of the image with the heat map, in pixels."""
_GRID = (48, 48)
"""Columns and rows of the heat in JSON."""


def explain_routes(state: State) -> APIRouter:
    """Return the route of heat maps."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)
    labels = state.predictor.bundle.labels

    @router.post(
        "/explain",
        response_model=ExplainResponse,
        responses=PNG_RESPONSE,
        openapi_extra={"requestBody": ONE_IMAGE},
        operation_id="explain",
    )
    async def explain(
        request: Request,
        code: Annotated[str, Query(max_length=1000, description="A code that the model knows.", examples=["3.1.6"])],
        box: BoxQuery = None,
    ) -> Response:
        """Show where in an image the evidence for a code lies.

        Returns the image, or the region of it that `box` names, with the heat map drawn on it, at most 1,024 pixels
        wide or high; with `Accept: application/json` the heat map itself.
        """
        label = str(parse_code(code)) if labels.taxonomy == "vienna" else code
        region = read_box(box)
        wants_json = "application/json" in request.headers.get("accept", "")

        def explain_framed(image: FramedImage) -> Explanation:
            try:
                return state.predictor.explain(image, label)
            except BundleError as exc:
                raise Problem(NO_HEAT_MAP, str(exc)) from exc

        def describe(image: FramedImage) -> Response:
            found = explain_framed(image)
            crop = _heat_map(found.crop) if found.crop else None
            content = {"code": found.code, "score": found.score, **_heat_map(found), "crop": crop}
            return JSONResponse(content | {"heat": _rounded(found.heat(*_GRID))}, headers={"Vary": "Accept"})

        def draw(images: tuple[FramedImage, Image.Image]) -> Response:
            return png_response(explain_framed(images[0]).overlay(images[1]), {"Vary": "Accept"})

        async with receive_image(request, state) as image:
            frame = state.batcher.framing(image.content, region)
            if wants_json:
                return await state.batcher.run(image.content, frame, describe)
            shrink = state.batcher.shrinking(image.content, _LONGEST_SIDE, region)
            return await state.batcher.run(image.content, lambda each: (frame(each), shrink(each)), draw)

    return router


def _heat_map(explanation: Explanation) -> dict[str, Any]:
    return {"local_logits": _rounded(explanation.local_logits), "box": explanation.box}


def _rounded(values: NDArray[np.float32]) -> list[list[float]]:
    return values.astype(float).round(3).tolist()  # type: ignore[no-any-return]

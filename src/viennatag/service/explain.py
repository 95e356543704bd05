"""`/v1/explain`: the heat map of a code."""

import io
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from viennatag.errors import BundleError
from viennatag.explain.heatmap import Explanation
from viennatag.images.decoding import check_pixels, decode_image
from viennatag.service.prediction import ONE_IMAGE
from viennatag.service.problems import NO_HEAT_MAP, RESPONSES, Problem
from viennatag.service.schemas import PNG_RESPONSE, ExplainResponse
from viennatag.service.state import State
from viennatag.service.uploads import read_upload
from viennatag.vienna.codes import parse_code

_LONGEST_SIDE = 1024
"""Of the image with the heat map, in pixels."""


def explain_routes(state: State) -> APIRouter:
    """Return the route of heat maps."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)
    labels = state.predictor.bundle.labels

    body = {"requestBody": ONE_IMAGE}

    @router.post("/explain", response_model=ExplainResponse, responses=PNG_RESPONSE, openapi_extra=body)
    async def explain(
        request: Request,
        code: Annotated[str, Query(max_length=200, description="A code that the model knows.", examples=["3.1.6"])],
    ) -> Response:
        """Show where in an image the evidence for a code lies.

        Returns the image with the heat map drawn on it, at most 1,024 pixels wide or high; with
        `Accept: application/json` the heat map itself.
        """
        label = str(parse_code(code)) if labels.taxonomy == "vienna" else code
        upload = await read_upload(request, state)
        wants_json = "application/json" in request.headers.get("accept", "")

        def work() -> Response:
            check_pixels(upload.content, max_pixels=state.options.max_pixels)
            try:
                explanation = state.predictor.explain(upload.content, label)
            except BundleError as exc:
                raise Problem(NO_HEAT_MAP, str(exc)) from exc
            if wants_json:
                crop = _heat_map(explanation.crop) if explanation.crop else None
                content = {"code": explanation.code, "score": explanation.score, **_heat_map(explanation), "crop": crop}
                return JSONResponse(content, headers={"Vary": "Accept"})
            png = _overlay(explanation, upload.content)
            return Response(png, media_type="image/png", headers={"Vary": "Accept"})

        return await state.batcher.run(work)

    return router


def _overlay(explanation: Explanation, content: bytes) -> bytes:
    image = decode_image(content, min_side=_LONGEST_SIDE)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = io.BytesIO()
    explanation.overlay(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _heat_map(explanation: Explanation) -> dict[str, Any]:
    return {"local_logits": explanation.local_logits.astype(float).round(3).tolist(), "box": explanation.box}

"""`/v1/explain` and `/v1/similar`: why a code was suggested, and which known marks look alike."""

import io
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from viennatag.errors import BundleError
from viennatag.explain.heatmap import Explanation
from viennatag.images.decoding import check_pixels, decode_image
from viennatag.service.answers import Evidence
from viennatag.service.prediction import ONE_IMAGE
from viennatag.service.problems import NO_HEAT_MAP, RESPONSES, Problem
from viennatag.service.state import State
from viennatag.service.uploads import read_upload
from viennatag.vienna.codes import parse_code

LONGEST_SIDE = 1024
"""Of a drawn heat map, in pixels."""


def evidence_routes(state: State) -> APIRouter:
    """Return the routes that show evidence."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)
    labels = state.predictor.bundle.labels

    @router.post(
        "/explain",
        response_model=Evidence,
        responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
        openapi_extra={"requestBody": ONE_IMAGE},
    )
    async def explain(
        request: Request,
        code: Annotated[str, Query(max_length=200, description="A code that the model knows.", examples=["3.1.6"])],
    ) -> Response:
        """Show where in an image the evidence for a code lies.

        The answer is the image with the evidence drawn on it, at most 1,024 pixels wide or high; with
        `Accept: application/json` the map itself.
        """
        label = str(parse_code(code)) if labels.taxonomy == "vienna" else code
        upload = await read_upload(request, state)
        request.state.log = {"images": 1, "bytes": len(upload.content)}
        draw = "application/json" not in request.headers.get("accept", "")
        drawn = await state.batcher.call(lambda: _explain(state, upload.content, label, draw=draw))
        if drawn.png is not None:
            return Response(drawn.png, media_type="image/png", headers={"Vary": "Accept"})
        return JSONResponse(_evidence(drawn.explanation), headers={"Vary": "Accept"})

    return router


@dataclass(frozen=True, eq=False)
class _Drawn:
    explanation: Explanation
    png: bytes | None


def _explain(state: State, content: bytes, label: str, *, draw: bool) -> _Drawn:
    check_pixels(content, most=state.settings.max_pixels)
    try:
        explanation = state.predictor.explain(content, label)
    except BundleError as exc:
        raise Problem(NO_HEAT_MAP, str(exc)) from exc
    if not draw:
        return _Drawn(explanation, None)
    image = decode_image(content, near=LONGEST_SIDE)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    file = io.BytesIO()
    explanation.overlay(image).save(file, "PNG", compress_level=1)
    return _Drawn(explanation, file.getvalue())


def _evidence(explanation: Explanation) -> dict[str, Any]:
    return {
        "code": explanation.code,
        "score": explanation.score,
        **_places(explanation),
        "part": _places(explanation.part) if explanation.part else None,
    }


def _places(explanation: Explanation) -> dict[str, Any]:
    return {"map": [[round(float(place), 3) for place in row] for row in explanation.map], "area": explanation.box}

"""`/v1/predict`: suggestions for images."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from viennatag.errors import ImageError, OptionError
from viennatag.model.bundle import Bundle
from viennatag.service.answers import Predictions
from viennatag.service.batching import Sight
from viennatag.service.catalogue import model_name
from viennatag.service.multipart import FIELD
from viennatag.service.problems import RESPONSES, UNREADABLE, Problem
from viennatag.service.state import State
from viennatag.service.uploads import read_uploads
from viennatag.vienna.codes import parse_codes

_BINARY = {"schema": {"type": "string", "format": "binary"}}
ONE_IMAGE = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD],
                "properties": {FIELD: {"type": "string", "format": "binary"}},
            }
        },
        **dict.fromkeys(("image/png", "image/jpeg", "application/octet-stream"), _BINARY),
    },
}
"""How the API's description tells of a body with one image."""
_IMAGES = {
    "required": True,
    "content": {
        **ONE_IMAGE["content"],  # type: ignore[dict-item]
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD],
                "properties": {
                    FIELD: {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
                },
            }
        },
    },
}


def prediction_routes(state: State) -> APIRouter:
    """Return the route that predicts."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)
    predictor = state.predictor
    model = model_name(predictor.bundle)
    levels = list(predictor.bundle.labels.level_names)

    @router.post("/predict", response_model=Predictions, openapi_extra={"requestBody": _IMAGES})
    async def predict(
        request: Request,
        top: Annotated[
            int | None, Query(ge=1, le=1000, description="Rank this many codes of a level, thresholds or not.")
        ] = None,
        level: Annotated[
            str | None,
            Query(description="Answer at this level only.", json_schema_extra={"enum": levels}, examples=levels[-1:]),
        ] = None,
        threshold: Annotated[
            float | None, Query(ge=0, le=1, description="One threshold for all codes, in place of the bundle's own.")
        ] = None,
        exclude: Annotated[
            str,
            Query(max_length=2000, description="Codes or categories to leave out, by commas.", examples=["29,27.5"]),
        ] = "",
    ) -> JSONResponse:
        """Suggest codes for one or more images.

        The images come as a form with the field `files`, which may be repeated, or as one raw body. An image that
        cannot be read does not stop the others; where none can, the answer is a problem.
        """
        predictor.check_options(top, level)
        answer = _answer(
            state, top=top, level=level, threshold=threshold, exclude=read_exclude(exclude, predictor.bundle)
        )
        uploads = await read_uploads(request, state)
        request.state.log = {"images": len(uploads), "bytes": sum(len(each.content) for each in uploads)}
        found = await state.batcher.look([upload.content for upload in uploads], answer)
        results = [
            {"image": upload.name or f"image-{at}", **(_failed(each) if isinstance(each, ImageError) else each)}
            for at, (upload, each) in enumerate(zip(uploads, found, strict=True), start=1)
        ]
        if all("error" in result for result in results):
            detail = results[0]["error"]["detail"] if len(results) == 1 else "none of the images can be read"
            raise Problem(UNREADABLE, detail, more={"results": results})
        return JSONResponse({"model": model, "results": results})

    return router


def read_exclude(text: str, bundle: Bundle) -> frozenset[str]:
    """Return the labels that a list of codes or flat labels excludes.

    Raises:
        CodeError: If an entry is not a code.
        OptionError: If an entry is no label of a flat bundle.
    """
    if bundle.labels.taxonomy == "vienna":
        return frozenset(map(str, parse_codes(text)))
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := sorted(names - set(bundle.labels.names)):
        raise OptionError(f"exclude names {unknown[0][:80]!r}, which is no label of the bundle")
    return names


def _answer(state: State, **options: Any) -> Callable[[Sight], dict[str, Any]]:
    def answer(sight: Sight) -> dict[str, Any]:
        suggestions = state.predictor.suggest(sight.scores, **options)
        return {
            "width": sight.width,
            "height": sight.height,
            "suggestions": [asdict(suggestion) for suggestion in suggestions],
        }

    return answer


def _failed(error: ImageError) -> dict[str, Any]:
    return {"error": {"title": UNREADABLE.title, "detail": str(error), "status": UNREADABLE.status}}

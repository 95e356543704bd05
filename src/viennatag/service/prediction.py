"""`/v1/predict`: suggestions for images."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from viennatag.errors import ImageError, OptionError
from viennatag.model.bundle import Bundle
from viennatag.service.batching import ImageScores
from viennatag.service.catalogue import model_name
from viennatag.service.problems import RESPONSES, UNREADABLE_IMAGE, Problem
from viennatag.service.schemas import PredictResponse
from viennatag.service.state import State
from viennatag.service.uploads import FIELD, read_uploads
from viennatag.vienna.codes import parse_codes

_BINARY = {"type": "string", "format": "binary"}


def _images_body(field: dict[str, Any]) -> dict[str, Any]:
    form = {"type": "object", "required": [FIELD], "properties": {FIELD: field}}
    raw = {name: {"schema": _BINARY} for name in ("image/png", "image/jpeg", "application/octet-stream")}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}, **raw}}


ONE_IMAGE = _images_body(_BINARY)
"""The OpenAPI description of a request body with one image."""
_IMAGES = _images_body({"type": "array", "minItems": 1, "items": _BINARY})


def prediction_routes(state: State) -> APIRouter:
    """Return the route of predictions."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)
    predictor = state.predictor
    model = model_name(predictor.bundle)
    levels = list(predictor.bundle.labels.level_names)

    @router.post("/predict", response_model=PredictResponse, openapi_extra={"requestBody": _IMAGES})
    async def predict(
        request: Request,
        top: Annotated[
            int | None, Query(ge=1, le=1000, description="Rank this many codes of a level, whatever their thresholds.")
        ] = None,
        level: Annotated[
            str | None,
            Query(
                description="Suggest codes of this level only.",
                json_schema_extra={"enum": levels},
                examples=levels[-1:],
            ),
        ] = None,
        threshold: Annotated[
            float | None, Query(ge=0, le=1, description="One threshold for all codes instead of the bundle's.")
        ] = None,
        exclude: Annotated[
            str,
            Query(
                max_length=2000,
                description="Codes or categories to leave out, separated by commas.",
                examples=["29,27.5"],
            ),
        ] = "",
    ) -> JSONResponse:
        """Suggest codes for one or more images.

        The images are sent as a form with the field `files`, which may be repeated, or as one raw body. An unreadable
        image does not stop the others; if all are unreadable, the response is a problem.
        """
        predictor.check_options(top, level)
        excluded = read_exclude(exclude, predictor.bundle)

        def suggest(image: ImageScores) -> dict[str, Any]:
            found = predictor.suggest(image.scores, top=top, level=level, threshold=threshold, exclude=excluded)
            return {"width": image.width, "height": image.height, "suggestions": [asdict(each) for each in found]}

        uploads = await read_uploads(request, state)
        found = await state.batcher.score([upload.content for upload in uploads], suggest)
        results = [
            {"image": upload.name or f"image-{at}", **(_failed(each) if isinstance(each, ImageError) else each)}
            for at, (upload, each) in enumerate(zip(uploads, found, strict=True), start=1)
        ]
        if all("error" in result for result in results):
            detail = results[0]["error"]["detail"] if len(results) == 1 else "none of the images can be read"
            raise Problem(UNREADABLE_IMAGE, detail, more={"results": results})
        return JSONResponse({"model": model, "results": results})

    return router


def read_exclude(text: str, bundle: Bundle) -> frozenset[str]:
    """Return the labels that a list of codes or flat labels excludes.

    Raises:
        CodeError: If an entry is not a code.
        OptionError: If an entry is not a label of a flat bundle.
    """
    if bundle.labels.taxonomy == "vienna":
        return frozenset(map(str, parse_codes(text)))
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := sorted(names - set(bundle.labels.names)):
        raise OptionError(f"exclude names {unknown[0][:80]!r}, which is not a label of the bundle")
    return names


def _failed(error: ImageError) -> dict[str, Any]:
    return {"error": {"title": UNREADABLE_IMAGE.title, "detail": str(error), "status": UNREADABLE_IMAGE.status}}

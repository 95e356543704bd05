"""`/v1/predict`: suggestions for images."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from viennatag.errors import ImageError
from viennatag.prediction.predictor import note_on
from viennatag.service.batching import ImageScores
from viennatag.service.catalogue import model_name
from viennatag.service.parameters import PredictionQuery, prediction_query
from viennatag.service.problems import RESPONSES, UNREADABLE_IMAGE, Problem
from viennatag.service.schemas import PredictResponse
from viennatag.service.state import State
from viennatag.service.uploads import IMAGES, Upload, receive_images


def prediction_routes(state: State) -> APIRouter:
    """Return the route of predictions."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)
    predictor = state.predictor
    model = model_name(predictor.bundle)

    @router.post(
        "/predict", response_model=PredictResponse, openapi_extra={"requestBody": IMAGES}, operation_id="predict"
    )
    async def predict(
        request: Request, wanted: Annotated[PredictionQuery, Depends(prediction_query(predictor))]
    ) -> JSONResponse:
        """Suggest codes for one or more images.

        The images are sent as a form with the field `files`, which may be repeated, or as one raw body. An unreadable
        image does not stop the others; if all are unreadable, the response is a problem.
        """
        async with receive_images(request, state) as uploads:
            results = await predict_images(state, uploads, wanted)
        if all("error" in result for result in results):
            detail = results[0]["error"]["detail"] if len(results) == 1 else "none of the images can be read"
            raise Problem(UNREADABLE_IMAGE, detail, more={"results": results})
        return JSONResponse({"model": model, "results": results})

    return router


async def predict_images(
    state: State, uploads: Sequence[Upload], wanted: PredictionQuery, *, first: int = 1
) -> list[dict[str, Any]]:
    """Return the result of each image, as the service sends it.

    Args:
        state: The state of the service.
        uploads: The images.
        wanted: What to suggest.
        first: Number of the first image, for those that have no name.

    Raises:
        Problem: If there is no room for all of them, or the response takes too long.
    """

    def suggest(image: ImageScores) -> dict[str, Any]:
        found = state.predictor.suggest(
            image.scores, top=wanted.top, level=wanted.level, threshold=wanted.threshold, exclude=wanted.exclude
        )
        answer = {"width": image.width, "height": image.height, "suggestions": [each.to_json() for each in found]}
        return {**answer, "note": note} if (note := note_on(image.scores)) else answer

    images = [upload.content for upload in uploads]
    found = await state.batcher.score(images, suggest, region=wanted.region)
    return [
        {"image": upload.name or f"image-{at}", **(_failed(each) if isinstance(each, ImageError) else each)}
        for at, (upload, each) in enumerate(zip(uploads, found, strict=True), start=first)
    ]


def _failed(error: ImageError) -> dict[str, Any]:
    return {"error": {"title": UNREADABLE_IMAGE.title, "detail": str(error), "status": UNREADABLE_IMAGE.status}}

"""`/v1/picture`: an image as PNG, for clients that cannot draw its format."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from viennatag.service.problems import RESPONSES
from viennatag.service.schemas import PNG_RESPONSE
from viennatag.service.state import State
from viennatag.service.uploads import ONE_IMAGE, png_response, receive_image

_LONGEST_SIDE = 2048


def picture_routes(state: State) -> APIRouter:
    """Return the route of pictures."""
    router = APIRouter(prefix="/v1", tags=["images"], responses=RESPONSES)

    @router.post(
        "/picture",
        response_class=Response,
        responses=PNG_RESPONSE,
        openapi_extra={"requestBody": ONE_IMAGE},
        operation_id="draw_picture",
    )
    async def picture(request: Request) -> Response:
        """Return an image as PNG, as the model sees it, at most 2,048 pixels wide or high.

        Most browsers draw no TIFF, which registers use.
        """
        async with receive_image(request, state) as image:
            decode = state.batcher.shrinking(image.content, _LONGEST_SIDE)
            return await state.batcher.run(image.content, decode, png_response)

    return router

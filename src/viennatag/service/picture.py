"""`/v1/picture`: an image as PNG, for clients that cannot draw its format."""

import io

from fastapi import APIRouter, Request
from fastapi.responses import Response
from PIL import Image

from viennatag.images.isolation import DecodeProcesses
from viennatag.service.problems import RESPONSES
from viennatag.service.schemas import PNG_RESPONSE
from viennatag.service.state import State
from viennatag.service.uploads import ONE_IMAGE, receive_image

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

        def encode(image: Image.Image) -> Response:
            file = io.BytesIO()
            image.save(file, "PNG", compress_level=1)
            return Response(file.getvalue(), media_type="image/png")

        async with receive_image(request, state) as image:

            def decode(processes: DecodeProcesses) -> Image.Image:
                return processes.shrink(image.content, _LONGEST_SIDE, max_pixels=state.options.max_pixels)

            return await state.batcher.run(image.content, decode, encode)

    return router

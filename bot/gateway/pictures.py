"""`/pictures/<name>`: the pictures of service guides that lie in the home's folder, for citizens' phones and pages.

So a city's pictures need no other host: the citizens' page shows pictures of its own address only, since any other host
would learn who reads what.
"""

import asyncio
import re
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

_NAME = re.compile(r"\w[\w.-]{0,99}\.(jpg|jpeg|png)", re.ASCII | re.IGNORECASE)
_TYPES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}
_HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


def pictures_router(folder: Path) -> APIRouter:
    """The route to the pictures that lie directly in this folder; JPG and PNG, which WeChat shows."""
    router = APIRouter()

    async def picture(name: str) -> Response:
        found = _NAME.fullmatch(name)
        if found is None or not await asyncio.to_thread((folder / name).is_file):
            return Response(status_code=404)
        return FileResponse(folder / name, media_type=_TYPES[found[1].lower()], headers=_HEADERS)

    router.add_api_route("/pictures/{name}", picture, methods=["GET", "HEAD"], include_in_schema=False)
    return router

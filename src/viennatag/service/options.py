"""The options of the service, checked before it starts."""

import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from viennatag.cores import available_cores
from viennatag.errors import OptionError, report_problems

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#A-Z]+")


@dataclass(frozen=True)
class ServiceOptions:
    """Limits and access of the service.

    Attributes:
        max_body: Bytes of a request's body.
        max_files: Images in one request.
        max_pixels: Pixels of one image.
        queue: Images in the service at a time, waiting or running; further ones are refused at once.
        upload_bytes: Bytes that the bodies of all requests hold together.
        batch_bytes: Bytes that the images and results of all batches hold together.
        connections: Connections at a time; beyond it the one that has waited longest for a request is closed.
        workers: Threads that decode images and run the network.
        header_seconds: How long a client may take to send the headers of a request.
        read_seconds: How long a client may take to send a body.
        response_seconds: How long an accepted request may wait for its response.
        token: Bearer token that `/v1` and `/metrics` require; None for no authentication.
        origins: Allowed CORS origins.
        hosts: Allowed host names, without port; () for any.
        reference_images: Folder of the images of the bundle's index of reference marks.
        store: URL of the database of a team; then `/v1` requires the token of a user, or `token`.
    """

    max_body: int = 20_000_000
    max_files: int = 16
    max_pixels: int = 40_000_000
    queue: int = 128
    upload_bytes: int = 200_000_000
    batch_bytes: int = 100_000_000
    connections: int = 512
    workers: int = field(default_factory=available_cores)
    header_seconds: float = 10.0
    read_seconds: float = 20.0
    response_seconds: float = 30.0
    token: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    reference_images: Path | None = None
    store: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        limits = {each.name: getattr(self, each.name) for each in fields(self) if each.type in {int, float}}
        problems = [f"{name} is {value}; it must be above 0" for name, value in limits.items() if value <= 0]
        if self.queue < self.max_files:
            problems.append(f"queue is {self.queue}, less than the {self.max_files} images of one request")
        problems += [
            f"{name} is {limits[name]:,}, less than the {self.max_body:,} bytes of one body; raise it or lower max_body"
            for name in ("upload_bytes", "batch_bytes")
            if 0 < limits[name] < self.max_body
        ]
        if self.token is not None and len(self.token) < 16:
            problems.append(f"the token has {len(self.token)} characters; it needs at least 16")
        problems += [
            f"origin {each!r}: expected an origin as browsers send it, in lower case, such as https://office.example"
            for each in self.origins
            if each != "*" and not _ORIGIN.fullmatch(each)
        ]
        if self.reference_images is not None and not self.reference_images.is_dir():
            problems.append(f"reference_images: {self.reference_images} is not a folder")
        if problems:
            raise OptionError(report_problems("the options of the service are invalid:", problems))

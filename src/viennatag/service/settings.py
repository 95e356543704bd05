"""Every limit of the service in one place, checked before anything starts."""

from dataclasses import dataclass, field
from pathlib import Path

from viennatag.errors import OptionError, report_problems
from viennatag.images.decoding import available_cores


@dataclass(frozen=True)
class Settings:
    """What the service allows.

    Attributes:
        max_body: Bytes of a request's body.
        max_files: Images in one request.
        max_pixels: Pixels of one image.
        queue: Images that may wait or be worked on at a time; what comes beyond is refused at once.
        workers: Threads that decode and run the network, each with an engine of one thread.
        read_seconds: How long a client may take to send a body.
        answer_seconds: How long an accepted request may wait for its answer.
        token: Who calls `/v1` or `/metrics` must show it; None lets everyone in.
        origins: Web origins whose pages may call the service (CORS).
        hosts: Names by which the service may be called, without port; () for any.
        known_images: Folder with the pictures of the bundle's index of known marks.
    """

    max_body: int = 20_000_000
    max_files: int = 16
    max_pixels: int = 40_000_000
    queue: int = 128
    workers: int = field(default_factory=available_cores)
    read_seconds: float = 20.0
    answer_seconds: float = 30.0
    token: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    known_images: Path | None = None

    def __post_init__(self) -> None:
        counts = ("max_body", "max_files", "max_pixels", "queue", "workers", "read_seconds", "answer_seconds")
        problems = [
            f"{name} is {getattr(self, name)}; it must be above 0" for name in counts if getattr(self, name) <= 0
        ]
        if self.queue < self.max_files:
            problems.append(f"queue is {self.queue}, less than the {self.max_files} images of one request")
        if self.token is not None and len(self.token) < 16:
            problems.append(f"the token has {len(self.token)} characters; it needs at least 16 to be worth having")
        if self.known_images is not None and not self.known_images.is_dir():
            problems.append(f"known_images: {self.known_images} is no folder")
        if problems:
            raise OptionError(report_problems("the service cannot run with these settings:", problems))

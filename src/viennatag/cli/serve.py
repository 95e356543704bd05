"""The command that answers over HTTP: `serve`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shared import fail

TOKEN_VARIABLE = "VIENNATAG_TOKEN"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    bundle: Annotated[str, typer.Argument(help="Folder of a bundle, or starter.")] = "starter",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.")] = 8000,
    token_file: Annotated[
        Path | None, typer.Option(help=f"File with a token that callers must show; or set {TOKEN_VARIABLE}.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads that look at images; by default one a core.")] = None,
    queue: Annotated[int | None, typer.Option(help="Images that may wait at a time.")] = None,
    max_body: Annotated[int | None, typer.Option(help="Bytes of a request's body.")] = None,
    max_files: Annotated[int | None, typer.Option(help="Images in one request.")] = None,
    max_pixels: Annotated[int | None, typer.Option(help="Pixels of one image.")] = None,
    read_seconds: Annotated[float | None, typer.Option(help="How long a client may take to send a body.")] = None,
    answer_seconds: Annotated[float | None, typer.Option(help="How long a request may wait for its answer.")] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Web origin whose pages may call the service; may be repeated.")
    ] = None,
    known_images: Annotated[
        Path | None, typer.Option(help="Folder with the pictures of the bundle's known marks.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Serve the examiner's page and the HTTP API until interrupted.

    Example: viennatag serve my-bundle --port 8000
    """
    from viennatag.cli.shared import choose
    from viennatag.errors import require

    choose("--log-level", log_level, ("debug", "info", "warning", "error"))
    for package in ("fastapi", "uvicorn", "python_multipart", "prometheus_client"):
        require(package, "serve")
    from viennatag.prediction.predictor import Predictor
    from viennatag.service.running import serve as run
    from viennatag.service.settings import Settings

    stated = {
        "workers": workers,
        "queue": queue,
        "max_body": max_body,
        "max_files": max_files,
        "max_pixels": max_pixels,
        "read_seconds": read_seconds,
        "answer_seconds": answer_seconds,
    }
    token = _token(token_file)
    settings = Settings(
        **{name: value for name, value in stated.items() if value is not None},  # type: ignore[arg-type]
        token=token,
        origins=tuple(allow_origin or ()),
        # A page of another origin could reach a local service by a name of its own that leads here.
        hosts=(*_LOOPBACK, "[::1]") if host in _LOOPBACK and token is None else (),
        known_images=known_images,
    )
    if host not in _LOOPBACK and token is None:
        typer.echo(f"viennatag: anyone who reaches {host} may use the service; set {TOKEN_VARIABLE}", err=True)
    run(Predictor.load(bundle, threads=1), settings, host=host, port=port, log_level=log_level)


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        fail(f"--token-file {file}: it cannot be read ({exc})")
    return token or fail(f"--token-file {file}: it is empty")

"""The command `serve`: the examiner's page and the HTTP API."""

import os
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from viennatag.cli.options import BundleArgument, fail, one_of
from viennatag.files import open_plain

TOKEN_VARIABLE = "VIENNATAG_TOKEN"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    bundle: BundleArgument = "starter",
    host: Annotated[str, Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, Option(help="Port to listen on; 0 for a free one.")] = 8000,
    token_file: Annotated[
        Path | None, Option(help=f"File with a token that clients must send; or set {TOKEN_VARIABLE}.")
    ] = None,
    store: Annotated[
        str | None,
        Option(
            help="Database of a team, such as sqlite:///office.db; `viennatag team` adds its users.",
            envvar="VIENNATAG_STORE",
        ),
    ] = None,
    workers: Annotated[int | None, Option(help="Threads that process images.", show_default="one per core")] = None,
    queue: Annotated[int | None, Option(help="Images that may wait at the same time.", show_default="128")] = None,
    max_body: Annotated[int | None, Option(help="Bytes of a request's body.", show_default="20000000")] = None,
    max_files: Annotated[int | None, Option(help="Images in one request.", show_default="16")] = None,
    max_pixels: Annotated[int | None, Option(help="Pixels of one image.", show_default="40000000")] = None,
    upload_bytes: Annotated[
        int | None, Option(help="Bytes that all bodies may hold together.", show_default="200000000")
    ] = None,
    batch_bytes: Annotated[
        int | None, Option(help="Bytes that all batches may hold together.", show_default="100000000")
    ] = None,
    connections: Annotated[int | None, Option(help="Connections at the same time.", show_default="512")] = None,
    read_seconds: Annotated[
        float | None, Option(help="Seconds for a client to send a body.", show_default="20.0")
    ] = None,
    response_seconds: Annotated[
        float | None, Option(help="Seconds until a request is answered.", show_default="30.0")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, Option(help="Web origin whose pages may call the service; may be repeated.")
    ] = None,
    reference_images: Annotated[
        Path | None, Option(help="Folder of the images of the bundle's reference marks.")
    ] = None,
    log_level: Annotated[
        str, Option(help="debug, info, warning or error.", callback=one_of("debug", "info", "warning", "error"))
    ] = "info",
) -> None:
    """Serve the examiner's page and the HTTP API until interrupted.

    Example: viennatag serve my-bundle --port 8000
    """
    from viennatag.errors import require

    for package in ("fastapi", "fastapi_offline", "uvicorn", "python_multipart", "prometheus_client"):
        require(package, "serve")
    from viennatag.prediction.predictor import Predictor
    from viennatag.service.options import ServiceOptions
    from viennatag.service.running import serve as run

    stated = {
        "workers": workers,
        "queue": queue,
        "max_body": max_body,
        "max_files": max_files,
        "max_pixels": max_pixels,
        "upload_bytes": upload_bytes,
        "batch_bytes": batch_bytes,
        "connections": connections,
        "read_seconds": read_seconds,
        "response_seconds": response_seconds,
    }
    token = _token(token_file)
    options = ServiceOptions(
        **{name: value for name, value in stated.items() if value is not None},  # type: ignore[arg-type]
        token=token,
        origins=tuple(allow_origin or ()),
        # A page of another origin could reach a local service by a name of its own that leads here.
        hosts=(*_LOOPBACK, "[::1]") if host in _LOOPBACK and token is None and store is None else (),
        reference_images=reference_images,
        store=store,
    )
    if host not in _LOOPBACK and token is None and store is None:
        typer.echo(f"viennatag: anyone who reaches {host} may use the service; set {TOKEN_VARIABLE}", err=True)
    run(Predictor.load(bundle, threads=1), options, host=host, port=port, log_level=log_level)


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        with open_plain(file) as stream:
            token = stream.read().decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        fail(f"--token-file {file}: it cannot be read ({getattr(exc, 'strerror', exc)})")
    return token or fail(f"--token-file {file}: it is empty")

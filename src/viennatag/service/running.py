"""Run the application with uvicorn until a signal stops it."""

import socket

import uvicorn

from viennatag.errors import OptionError
from viennatag.prediction.predictor import Predictor
from viennatag.service.app import make_app
from viennatag.service.logs import LOG, set_up_logs
from viennatag.service.middleware import MAX_HEADER_BYTES
from viennatag.service.options import ServiceOptions
from viennatag.service.protocol import TimedProtocol

KEEP_ALIVE_SECONDS = 15


def serve(predictor: Predictor, options: ServiceOptions, *, host: str, port: int, log_level: str = "info") -> None:
    """Serve until SIGTERM or SIGINT; then finish the accepted requests and return.

    Raises:
        OptionError: If the address cannot be listened on.
    """
    set_up_logs(log_level)
    listener = listen(host, port)
    address = "[{}]:{}" if listener.family == socket.AF_INET6 else "{}:{}"
    config = uvicorn.Config(
        make_app(predictor, options),
        log_config=None,
        access_log=False,
        server_header=False,
        http=TimedProtocol.limited_to(options.header_seconds),
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(options.read_seconds + options.response_seconds) + 1,
        ws="none",
    )
    LOG.info("listening", extra={"fields": {"url": "http://" + address.format(*listener.getsockname()[:2])}})
    uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 takes a free port.

    Raises:
        OptionError: If the address cannot be listened on.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as exc:
        raise OptionError(f"cannot listen on {host} port {port}: {exc}; choose another --host or --port") from exc

"""Run the application with uvicorn until a signal stops it."""

import socket

import uvicorn
from PIL import Image

from viennatag.errors import BundleError, OptionError, ViennatagError
from viennatag.prediction.predictor import Predictor
from viennatag.service.app import make_app
from viennatag.service.logs import LOG, set_up_logs
from viennatag.service.middleware import MAX_HEADER_BYTES
from viennatag.service.options import ServiceOptions
from viennatag.service.protocol import LimitedListener, TimedProtocol

KEEP_ALIVE_SECONDS = 15
_OTHER_FILES = 96  # file descriptors that are no connections: libraries, pipes, files


def serve(predictor: Predictor, options: ServiceOptions, *, host: str, port: int, log_level: str = "info") -> None:
    """Serve until SIGTERM or SIGINT; then finish the accepted requests and return.

    Raises:
        BundleError: If the bundle gives no scores.
        OptionError: If the address cannot be listened on.
    """
    size = predictor.engine.size
    try:
        predictor.score_image(Image.new("RGB", (size, size)))
    except ViennatagError as exc:
        raise BundleError(f"{predictor.bundle.graph}: the graph gives no scores that can be used: {exc}") from exc
    set_up_logs(log_level)
    connections = _fitting_connections(options.connections)
    listener = LimitedListener(listen(host, port), connections + connections // 4 + 16)
    address = "[{}]:{}" if listener.family == socket.AF_INET6 else "{}:{}"
    config = uvicorn.Config(
        make_app(predictor, options),
        log_config=None,
        access_log=False,
        server_header=False,
        http=TimedProtocol.limited_to(options.header_seconds, connections),
        loop="asyncio",  # another loop would not accept through the listener
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(options.read_seconds + options.response_seconds) + 1,
        ws="none",
    )
    LOG.info("listening", extra={"fields": {"url": "http://" + address.format(*listener.getsockname()[:2])}})
    uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address, `::` for all of IPv4 too; port 0 takes a free port.

    Raises:
        OptionError: If the address cannot be listened on.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=both)
    except (OSError, OverflowError) as exc:
        raise OptionError(f"cannot listen on {host} port {port}: {exc}; choose another --host or --port") from exc


def _fitting_connections(wanted: int) -> int:
    """Return how many connections there may be, with a quarter more about to be refused, within the open files.

    Raises:
        OptionError: If the limit of open files leaves room for none.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    fitting = wanted if files == resource.RLIM_INFINITY else min(wanted, (files - _OTHER_FILES) * 4 // 5)
    if fitting < 1:
        raise OptionError(
            f"the limit of open files is {files}, which leaves none for connections; raise it (ulimit -n)"
        )
    if fitting < wanted:
        LOG.info("limited", extra={"fields": {"connections": fitting, "open_files": files}})
    return fitting

"""Bundles from the Hugging Face hub, by the name of their repository."""

import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from viennatag.errors import BundleError, require

PREFIX = "hf-hub:"


def fetch_bundle(name: str) -> Path:
    """Return the folder that holds a repository's files, fetched now or, without a network, before.

    Args:
        name: `hf-hub:owner/name`, with `@revision` after it if it shall be another than the newest.

    Raises:
        BundleError: If it cannot be fetched and was not fetched before.
        MissingExtraError: If the hub's client is not installed.
    """
    hub = require("huggingface_hub", "hub")
    repository, _, revision = name.removeprefix(PREFIX).partition("@")
    try:
        return Path(
            hub.snapshot_download(
                repository, revision=revision or None, local_files_only=not _has_address(hub.constants.ENDPOINT)
            )
        )
    except hub.errors.LocalEntryNotFoundError as exc:
        raise BundleError(
            f"{name}: the hub is out of reach, and the repository was not fetched before; fetch it on a machine with "
            "a network and give the folder instead"
        ) from exc
    except (OSError, ValueError, hub.errors.HfHubHTTPError) as exc:
        reason = str(exc).strip().partition("\n")[0]
        raise BundleError(
            f"{name}: cannot be fetched ({reason}); expected hf-hub:owner/name of a repository that you may read"
        ) from exc


def _has_address(url: str) -> bool:
    """Whether a host can be found; without a network the client would try again for half a minute."""
    if getproxies():  # then it is the proxy that looks for the host
        return True
    try:
        socket.getaddrinfo(urlsplit(url).hostname, 443)
    except OSError:
        return False
    return True

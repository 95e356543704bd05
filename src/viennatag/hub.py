"""Bundles from the Hugging Face hub, by the name of their repository."""

from pathlib import Path

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
        return Path(hub.snapshot_download(repository, revision=revision or None))
    except (
        hub.errors.LocalEntryNotFoundError
    ) as exc:  # one attempt, then what was fetched before: no minutes of waiting
        raise BundleError(
            f"{name}: the hub is out of reach, and the repository was not fetched before; fetch it on a machine with "
            "a network and give the folder instead"
        ) from exc
    except (OSError, ValueError, hub.errors.HfHubHTTPError) as exc:
        reason = str(exc).strip().partition("\n")[0]
        raise BundleError(
            f"{name}: cannot be fetched ({reason}); expected hf-hub:owner/name of a repository that you may read"
        ) from exc

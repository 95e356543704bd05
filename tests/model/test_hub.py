"""Bundles named by a repository, with what was fetched before and no network."""

import shutil
import socket
import time
from pathlib import Path

import pytest

from viennatag.errors import BundleError, MissingExtraError
from viennatag.model.bundle import STARTER_FOLDER, open_bundle
from viennatag.prediction.predictor import Predictor

constants = pytest.importorskip("huggingface_hub").constants
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def no_address(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_what_was_fetched_before_is_used(offline: Path) -> None:
    repository = offline / "models--owner--name"
    shutil.copytree(STARTER_FOLDER, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(COMMIT)
    for name in ("hf-hub:owner/name", f"hf-hub:owner/name@{COMMIT}"):
        assert Predictor.load(name).bundle.labels == open_bundle().labels


@pytest.mark.parametrize("name", ["hf-hub:owner/name", "hf-hub:owner/name@v2"])
def test_without_a_network_the_error_comes_soon_and_says_what_to_do(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(BundleError, match=rf"{name}: the hub is out of reach, .* give the folder instead"):
        Predictor.load(name)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ["hf-hub:", "hf-hub:a/b/c", "hf-hub:a b/c"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match="expected hf-hub:owner/name"):
        open_bundle(name)


def test_a_repository_that_holds_no_bundle(offline: Path) -> None:
    snapshot = offline / "models--owner--name/snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "README.md").write_text("nothing here")
    with pytest.raises(BundleError, match=r"not a bundle: the folder holds no bundle\.json"):
        open_bundle(f"hf-hub:owner/name@{COMMIT}")


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'viennatag\[hub\]'"):
        open_bundle("hf-hub:owner/name")

"""Bulk on real Ray clusters that nothing beyond this machine can reach."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from viennatag.bulk import run_bulk
from viennatag.bulk.cluster import without_cloud
from viennatag.bulk.extraction import extract_store
from viennatag.bulk.feature_store import STORED_BACKBONE, FeatureStore
from viennatag.errors import BulkError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle

pytestmark = pytest.mark.slow
LOOPBACK = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what makes Ray say 127.0.0.1 on all systems
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def model(trained: tuple[Bundle, Evaluation]) -> Path:
    assert trained[0].path is not None
    return trained[0].path


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Return a cluster of two nodes with one core each."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LOOPBACK.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        try:
            yield cluster
        finally:
            cluster.shutdown()


def command(collection: Path, model: Path, out: Path, address: str, shard_size: int) -> list[str]:
    options = ["-o", str(out), "--model", str(model), "--address", address, "--shard-size", str(shard_size)]
    return [sys.executable, "-m", "viennatag", "bulk", str(collection), *options]


def finished(out: Path) -> int:
    return len(list(out.glob("shards/shard-*")))


def test_one_machine_gives_what_this_process_gives(model: Path, collection: Path, tmp_path: Path) -> None:
    run = command(collection, model, tmp_path / "ray", "local", 40)
    done = subprocess.run(run, env=os.environ | LOOPBACK, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "240 images, 0 of them failed" in done.stdout
    here = run_bulk(collection, tmp_path / "here", model=model, shard_size=40)
    assert pyarrow.parquet.read_table(tmp_path / "ray/shards").equals(pyarrow.parquet.read_table(here.shards))


def test_a_node_that_is_killed_half_way_loses_nothing(
    cluster: Any, model: Path, collection: Path, tmp_path: Path
) -> None:
    second, out = cluster.add_node(**NODE), tmp_path / "out"
    run = command(collection, model, out, cluster.address, 3)
    with subprocess.Popen(run, env=os.environ | LOOPBACK, stdout=subprocess.PIPE, text=True) as process:
        while finished(out) < 12:
            assert process.poll() is None
            time.sleep(0.02)
        cluster.remove_node(second, allow_graceful=False)
        at_death = finished(out)
        said, _ = process.communicate(timeout=300)
    assert 12 <= at_death < 80
    assert process.returncode == 0
    assert "240 images, 0 of them failed" in said
    images = pyarrow.parquet.read_table(out / "shards")["image"].to_pylist()
    assert images == sorted(path.name for path in collection.glob("*.png"))
    here = run_bulk(collection, tmp_path / "here", model=model, shard_size=3)
    assert pyarrow.parquet.read_table(out / "shards").equals(pyarrow.parquet.read_table(here.shards))
    assert not list((out / "shards").glob(".*"))


def test_a_killed_driver_goes_on_elsewhere(cluster: Any, model: Path, collection: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = command(collection, model, out, cluster.address, 3)
    with subprocess.Popen(run, env=os.environ | LOOPBACK, stdout=subprocess.DEVNULL) as process:
        while finished(out) < 5:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert finished(out) < 80
    summary = run_bulk(collection, out, model=model, shard_size=3)
    assert summary.resumed >= 15
    assert (summary.images, summary.failed) == (240, 0)
    images = pyarrow.parquet.read_table(out / "shards")["image"].to_pylist()
    assert images == sorted(path.name for path in collection.glob("*.png"))


def test_an_address_where_no_cluster_answers(model: Path, collection: Path, tmp_path: Path) -> None:
    with pytest.raises(BulkError, match=r"no Ray cluster answers at '127.0.0.1:1'"):
        run_bulk(collection, tmp_path / "out", model=model, address="127.0.0.1:1")


def test_features_of_a_node_that_is_killed_half_way_are_extracted_once(
    cluster: Any, model: Path, collection: Path, tmp_path: Path
) -> None:
    second, store, shards = cluster.add_node(**NODE), tmp_path / "store", tmp_path / "store/shards"
    run = [sys.executable, "-m", "viennatag", "features", str(collection), "-o", str(store), "--shard-size", "3"]
    run += ["--backbone", f"bundle:{model}", "--address", cluster.address, "--cache", str(tmp_path / "cache")]
    with subprocess.Popen(run, env=os.environ | LOOPBACK, stdout=subprocess.PIPE, text=True) as process:
        while finished(store) < 12:
            assert process.poll() is None
            time.sleep(0.02)
        cluster.remove_node(second, allow_graceful=False)
        at_death = {path.name: path.stat().st_ino for path in shards.glob("shard-*.parquet")}
        said, _ = process.communicate(timeout=300)
    assert 12 <= len(at_death) < 80
    assert process.returncode == 0
    assert "240 images, 0 of them failed" in said
    assert at_death == {name: (shards / name).stat().st_ino for name in at_death}  # what was done is not done again
    extract_store(
        collection, tmp_path / "here", (store / STORED_BACKBONE).read_bytes(), name=f"bundle:{model}", shard_size=3
    )
    assert pyarrow.parquet.read_table(shards).equals(pyarrow.parquet.read_table(tmp_path / "here/shards"))
    assert [name for shard in FeatureStore.open(store).shards() for name in shard.names] == sorted(
        path.name for path in collection.glob("*.png")
    )


def test_a_cluster_started_here_asks_no_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = pytest.importorskip("ray._common.usage.usage_lib")
    monkeypatch.setattr(usage, "get_cloud_from_metadata_requests", lambda: pytest.fail("a cloud was asked"))
    home = os.environ["HOME"]
    with without_cloud(tmp_path):  # the head of the cluster is started here, and asks for this file
        found = usage.get_cluster_config_to_report(os.path.expanduser("~/ray_bootstrap_config.yaml"))
    assert found.cloud_provider is None
    assert os.environ["HOME"] == home

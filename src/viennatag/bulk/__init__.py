"""Predict for millions of images, in shards, on one machine or a Ray cluster, resumable at any moment.

`sources` cuts the source into numbered shards, `reading` gives the images of a shard, `job` keeps plan and progress on
disk, `worker` predicts shards, `results` writes them, `run` ties these together, and `cluster` does the same on Ray.
"""

from viennatag.bulk.run import BulkSummary, run_bulk

__all__ = ["BulkSummary", "run_bulk"]

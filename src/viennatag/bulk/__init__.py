"""Predict for millions of images, in parts, on one machine or a Ray cluster, resumable at any moment.

`sources` cuts what there is into numbered parts, `reading` gives the images of one, `job` keeps the
plan and what is done on disk, `worker` turns parts into files of results, `results` writes and sums
up, `run` ties them together and `cluster` does the same on Ray.
"""

from viennatag.bulk.job import BulkOptions
from viennatag.bulk.run import BulkSummary, run_bulk

__all__ = ["BulkOptions", "BulkSummary", "run_bulk"]

"""The kinds of labels that marks carry."""

from typing import Literal

Taxonomy = Literal["vienna", "flat"]
"""Vienna codes, or flat labels of any kind."""

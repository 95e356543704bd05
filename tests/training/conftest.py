"""What tests of training share."""

from pathlib import Path

import pytest

from tests.conftest import TINY
from viennatag.training.backbones.backbone import Backbone, load_timm_backbone


@pytest.fixture(scope="session")
def backbone(cache: Path) -> Backbone:
    """Return the exported network that `TINY` trains heads on."""
    return load_timm_backbone(TINY.backbone, cache=cache, pretrained=False, size=TINY.size, seed=TINY.seed)

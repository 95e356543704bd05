"""Networks from pixels to features: exported, reopened, made safe to serve; the first import of every training."""

from importlib.util import find_spec

from viennatag.errors import require

for _module in ("torch", "timm", "onnx", "scipy"):
    if _module != "timm" or find_spec(_module) is None:  # timm is imported where a network of it is asked for
        require(_module, "train")

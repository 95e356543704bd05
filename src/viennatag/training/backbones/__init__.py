"""Networks from pixels to features: exported, reopened, made safe to serve; the first import of every training."""

from viennatag.errors import require

for _module in ("torch", "timm", "onnx", "scipy"):
    require(_module, "train")

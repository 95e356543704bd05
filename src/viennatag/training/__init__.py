"""Learn from marks: the only home of torch and timm.

Every path through this package ends in the same place: a trunk that turns pixels into features,
exported once to ONNX; features that the serving engine computed; a linear head over them. Training
can therefore not disagree with prediction.
"""

from viennatag.errors import require

for _module in ("torch", "timm", "onnx", "scipy"):
    require(_module, "train")

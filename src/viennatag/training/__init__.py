"""Training: from marks to a bundle; the strategies can be listed without torch.

Every path ends in the same place: a backbone from pixels to features, exported once to ONNX, features computed by the
serving engine, and a head over them. So training and prediction cannot disagree.
"""

"""Pretrained networks: load, export to ONNX, take a bundle's graph apart."""

"""Heads over cached features: kinds, training, export."""

"""Losses for imbalanced, multi-label and incompletely labelled data; needs torch."""

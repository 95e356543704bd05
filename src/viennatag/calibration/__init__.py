"""From logits to calibrated probabilities that respect the hierarchy."""

"""What is known about a collection before training: imbalance, questionable rows, bad images."""

"""Fit what follows the network, on the validation subset."""

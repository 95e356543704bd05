"""Evaluate scores, compare strategies, find label issues, read feedback."""

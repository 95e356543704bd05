"""Train by a strategy, compare strategies, search for the best."""

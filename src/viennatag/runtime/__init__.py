"""Run an exported graph: backends, batches, and autotuning on this machine."""

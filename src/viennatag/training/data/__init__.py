"""Images and features for training: cached, batched, augmented."""

"""Which marks a head sees in an epoch, and how often; needs torch."""

"""Fine-tune a whole network, with a head trained jointly."""

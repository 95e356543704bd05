"""From one image to suggestions; bundles in reduced precision."""

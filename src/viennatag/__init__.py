"""Vienna Classification codes for figurative trade marks, from the image alone."""

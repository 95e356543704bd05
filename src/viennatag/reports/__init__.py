"""Reports for people: in a terminal, or as a single HTML file."""

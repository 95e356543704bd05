"""Results for people to read: in a terminal, or in a single HTML file."""

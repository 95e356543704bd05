"""From the bytes of an image file to the views of a mark that a network takes."""

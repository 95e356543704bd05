"""Image files to the pixels that a network takes: decoding, framing, crops, hashes and colours."""

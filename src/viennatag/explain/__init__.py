"""What a suggestion rests on, for a person to check: where in the image the evidence lies, and similar known marks."""

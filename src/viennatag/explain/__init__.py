"""Explanations of a suggestion: heat maps of where its evidence lies, and similar reference marks."""

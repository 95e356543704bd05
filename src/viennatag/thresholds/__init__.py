"""From scores to suggestions: one threshold per label, and named decision rules."""

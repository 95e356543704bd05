"""How good rankings, decisions and probabilities are, and how sure that is."""

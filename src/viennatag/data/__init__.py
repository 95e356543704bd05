"""Tables of marks, and their labels as sparse targets."""

"""Train, validation and test subsets: stratified, group-aware, reproducible."""

"""Random campaigns, each from a seed; `python -m tests.soak` runs them and prints a table."""

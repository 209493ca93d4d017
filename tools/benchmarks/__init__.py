"""What `tools.benchmark` measures, a group of rows in each file."""

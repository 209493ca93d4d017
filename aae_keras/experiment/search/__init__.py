"""A search for own data: short runs of a configuration with a few fields changed."""

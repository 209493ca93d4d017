"""Command-line tools: flags to a configuration, one call, files."""

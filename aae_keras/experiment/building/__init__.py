"""From a configuration to data and a compiled model."""

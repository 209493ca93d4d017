"""A whole training: its stages, starts, devices, callbacks, and what goes wrong."""

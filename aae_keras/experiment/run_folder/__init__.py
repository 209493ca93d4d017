"""The folder of a run: what lies where, who owns it, what it has left."""

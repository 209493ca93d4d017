"""Data: read, split, batched. `load` and `from_arrays` are the two entrances.

Importing the package is free: NumPy and TensorFlow are loaded when a name is first used.
"""

import importlib

# The names on offer, by the module that each is defined in.
_OFFERED = {
    "Data": "loading",
    "DataError": "source",
    "Source": "source",
    "from_arrays": "loading",
    "load": "loading",
}

__all__ = [*_OFFERED]


def __getattr__(name):
    if name in _OFFERED:
        return getattr(importlib.import_module(f"{__name__}.{_OFFERED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)

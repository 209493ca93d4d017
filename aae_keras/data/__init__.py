"""Data: read, split, batched. `load` is the one entrance."""

from aae_keras.data.loading import Data, load
from aae_keras.data.source import DataError, Source

__all__ = ["Data", "DataError", "Source", "load"]

"""Which backend Keras runs on: TensorFlow is the one that this package is written for."""

import json
import os
import pathlib
import sys

from aae_keras.errors import UserError


class BackendError(UserError, ImportError):
    """Keras on another backend."""


def check() -> None:
    """Refuse another backend before Keras is loaded with it, which may not even be installed.

    Raises:
        BackendError: If Keras runs, or would run, on another one; it says what to set.
    """
    name, place = _backend()
    if name != "tensorflow":
        raise BackendError(
            "aae_keras needs Keras on TensorFlow. Set KERAS_BACKEND=tensorflow before Python "
            f"starts, or import aae_keras in a process of its own. Received: {name!r}, from {place}"
        )


def _backend():
    """The backend's name, and what has chosen it: as Keras looks for it, without loading Keras."""
    if (keras := sys.modules.get("keras")) and hasattr(keras, "config"):
        return keras.config.backend(), "Keras, which is loaded already"
    if name := os.environ.get("KERAS_BACKEND"):
        return name, "the environment variable KERAS_BACKEND"
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    file = pathlib.Path(home, "keras.json")
    try:
        return json.loads(file.read_text(encoding="utf-8")).get("backend", "tensorflow"), str(file)
    except (OSError, ValueError, AttributeError):  # Keras does without a file it cannot read
        return "tensorflow", "the default"

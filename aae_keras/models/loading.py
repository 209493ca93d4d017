"""Reading a saved model back, and using one outside training."""

import json
import pathlib
import zipfile
from collections.abc import Iterator
from typing import Any

import keras

from aae_keras.errors import UserError, first_line
from aae_keras.files import DAMAGE
from aae_keras.models.aae import AdversarialModel
from aae_keras.networks import in_float32 as in_float32_network


def load_model(path: pathlib.Path | str) -> AdversarialModel:
    """Read a `.keras` file back, compiled as it was saved; the one loader this project uses.

    Importing this module registers the classes of this project that the file names; your own are
    registered by the module that defines them, to be imported first. Code inside the file is
    refused (`safe_mode=True`).

    Args:
        path: The file.

    Raises:
        UserError: If the file is missing, truncated or damaged, holds no model of this project, or
            names a class that nothing imported has registered.
    """
    if not pathlib.Path(path).exists():
        raise UserError(f"{path}: there is no such file.")
    try:
        _check_checksums(path)
        model = keras.saving.load_model(path, safe_mode=True)
    except DAMAGE as error:
        if unknown := _unregistered(path):
            raise UserError(
                f"{path} names {', '.join(unknown)}, which no imported module registers. Import "
                "the module that defines it, then load again."
            ) from error
        raise UserError(
            f"{path}: not a readable model. Train it again, or copy the file once more if it was "
            f"cut short. The reader said: {first_line(error)}"
        ) from error
    if not isinstance(model, AdversarialModel):
        raise UserError(f"{path}: expected a model of aae_keras. Received: {type(model).__name__}")
    return model


def _check_checksums(path):
    """Those that a zip archive has: Keras would read flipped bits of weights without a word."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise zipfile.BadZipFile(f"the checksum of {damaged} in it does not fit")


def _unregistered(path):
    """Names of classes in a model's file that nothing imported has registered; none of a wreck."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(_registered_names(json.loads(archive.read("config.json"))))
    except DAMAGE:
        return []
    return sorted(name for name in names if keras.saving.get_registered_object(name) is None)


def _registered_names(config: Any) -> Iterator[str]:
    """The names, with their package, under which a configuration's classes are registered."""
    if isinstance(config, dict):
        name = config.get("registered_name")
        if isinstance(name, str) and ">" in name:
            yield name
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from _registered_names(part)


def in_float32(model: AdversarialModel) -> AdversarialModel:
    """The model as it is used outside training: bfloat16 only makes training fast.

    A processor without instructions for bfloat16 would be slow with it, and no two kinds of
    kernel round it alike.

    Args:
        model: A model of this project.

    Returns:
        The model itself if it computes in float32; else another, not compiled, of equal weights.
    """
    config = model.get_config()
    twins = {
        name: in_float32_network(part) if isinstance(part, keras.Model) else part
        for name, part in config.items()
    }
    if all(twin is config[name] for name, twin in twins.items()):
        return model
    twin = type(model)(**twins)
    twin.set_weights(model.get_weights())
    return twin

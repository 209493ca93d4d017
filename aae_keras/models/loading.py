"""Reading a saved model back, and using one outside training."""

import pathlib
import zipfile

import keras

from aae_keras.errors import UserError, first_line
from aae_keras.files import DAMAGE
from aae_keras.models.aae import AdversarialModel
from aae_keras.networks import in_float32 as in_float32_network


def load_model(path: pathlib.Path | str) -> AdversarialModel:
    """Read a `.keras` file back, compiled as it was saved; the one loader this project uses.

    Importing this module registers the classes the file names. Code inside the file is refused
    (`safe_mode=True`).

    Args:
        path: The file.

    Raises:
        UserError: If the file is missing, truncated or damaged, or holds no model of this project.
    """
    try:
        _check_checksums(path)
        model = keras.saving.load_model(path, safe_mode=True)
    except DAMAGE as error:
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

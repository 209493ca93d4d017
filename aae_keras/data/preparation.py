"""Preparing a tensorflow-datasets folder, once, so that training needs no network."""

import pathlib
import tempfile

import tensorflow_datasets as tfds

from aae_keras.data.sources import DataError


def prepare(name, data_dir, original_files=None):
    """Make a prepared set under `data_dir`.

    Args:
        name: Name of the set in tensorflow-datasets.
        data_dir: Folder to make it in.
        original_files: Folder that holds the files the set is downloaded as; None downloads them.

    Returns:
        Path of the prepared set.

    Raises:
        DataError: If the set is unknown, or a file is missing or cannot be fetched.
    """
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise DataError(f"tensorflow-datasets has no set named {name!r}.") from error
    if builder.is_prepared():
        return pathlib.Path(builder.data_path)
    if original_files is not None and not pathlib.Path(original_files).is_dir():
        raise DataError(f"{original_files}: there is no such folder.")
    # A download folder of its own: sets like mnist and fashion_mnist have files of equal names,
    # and the second would be built in silence from the images of the first.
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as scratch:
        try:
            builder.download_and_prepare(
                download_dir=scratch,
                download_config=tfds.download.DownloadConfig(manual_dir=original_files),
            )
        except (OSError, ValueError, AssertionError, tfds.download.DownloadError) as error:
            source = f"the files in {original_files}" if original_files else "a download"
            raise DataError(f"{name} could not be made from {source}: {error}") from error
    return pathlib.Path(builder.data_path)

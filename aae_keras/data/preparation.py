"""Preparing a tensorflow-datasets folder, once, so that training needs no network."""

import contextlib
import pathlib
import sys
import tempfile
from typing import Any, NoReturn
from unittest import mock

import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import download_manager, downloader

from aae_keras.data.source import DataError
from aae_keras.errors import first_line


def prepare(
    name: str, data_dir: pathlib.Path | str, original_files: pathlib.Path | str | None = None
) -> pathlib.Path:
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
    except (tfds.core.DatasetNotFoundError, ValueError, AssertionError, ImportError) as error:
        raise DataError(
            f"tensorflow-datasets has no set named {name!r}. It said: {first_line(error)}"
        ) from error
    if builder.is_prepared():
        return pathlib.Path(builder.data_path)
    if original_files is not None and not pathlib.Path(original_files).is_dir():
        raise DataError(f"{original_files}: there is no such folder.")
    # A download folder of its own: sets like mnist and fashion_mnist have files of equal names,
    # and the second would be built in silence from the images of the first.
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as scratch:
        try:
            with contextlib.ExitStack() as stack:
                # tensorflow-datasets prints its progress to stdout, where results go.
                stack.enter_context(contextlib.redirect_stdout(sys.stderr))
                if original_files:
                    stack.enter_context(_offline(original_files))
                builder.download_and_prepare(
                    download_dir=scratch,
                    download_config=tfds.download.DownloadConfig(manual_dir=original_files),
                )
        except DataError:
            raise
        except (
            OSError,
            ValueError,
            AssertionError,
            tfds.download.DownloadError,
            download_manager.NonMatchingChecksumError,
        ) as error:
            source = f"the files in {original_files}" if original_files else "a download"
            raise DataError(
                f"{name} could not be made from {source}: {first_line(error)}"
            ) from error
    return pathlib.Path(builder.data_path)


@contextlib.contextmanager
def _offline(folder):
    """Refuse downloads: a file that `folder` lacks would be tried for minutes otherwise."""

    def refuse(self: Any, url: str, *args: Any, **kwargs: Any) -> NoReturn:
        raise DataError(f"{folder} lacks the original file {pathlib.PurePosixPath(url).name}.")

    # tensorflow-datasets has no switch for it.
    with mock.patch.object(downloader._Downloader, "download", refuse):
        yield

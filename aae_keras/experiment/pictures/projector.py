"""Codes of held-out images for TensorBoard's projector: vectors, labels, a sheet of images."""

import math
import pathlib

import numpy as np
from PIL import Image
from tensorboard.plugins import projector

from aae_keras.data import Data
from aae_keras.models import AdversarialModel, inference

POINTS = 2000
# Pixels a side: browsers refuse a larger sheet of images.
MAX_SHEET = 8192


def write(logs: pathlib.Path, model: AdversarialModel, data: Data) -> None:
    """Write the codes of some validation images where TensorBoard's projector finds them.

    Without validation images nothing is written.

    Args:
        logs: A run's `logs/`.
        model: A model of this project.
        data: The `Data` it was trained on.
    """
    split = data.split
    rows = split.shuffled_validation_rows()[:POINTS]
    if not len(rows):
        return
    images = split.images[rows]
    code = inference.encode(model, images)
    # TensorBoard looks for the projector's files where a run's events are.
    folder = logs / "validation"
    folder.mkdir(parents=True, exist_ok=True)
    config = projector.ProjectorConfig()
    names = [data.class_names[label] if label >= 0 else "?" for label in split.labels[rows]]
    (folder / "labels.tsv").write_text("\n".join(names) + "\n", encoding="utf-8")
    side = math.ceil(math.sqrt(len(rows)))
    has_sheet = max(images.shape[1:3]) * side <= MAX_SHEET
    if has_sheet:
        write_sheet(folder / "images.png", images, side)
    for name in ("y", "z", "representation"):
        if name in code:
            np.savetxt(folder / f"{name}.tsv", code[name], "%.5g", "\t")
            embedding = config.embeddings.add(
                tensor_name=name, tensor_path=f"{name}.tsv", metadata_path="labels.tsv"
            )
            if has_sheet:
                embedding.sprite.image_path = "images.png"
                embedding.sprite.single_image_dim.extend([images.shape[2], images.shape[1]])
    projector.visualize_embeddings(str(folder), config)


def write_sheet(path: pathlib.Path, images: np.ndarray, side: int) -> None:
    """Write images as one PNG file, row by row in a square; unused places are black.

    Args:
        path: The file to write.
        images: uint8, shape (n, height, width, channels), n at most `side` squared.
        side: Images in a row, and in a column.
    """
    count, height, width, channels = images.shape
    places = np.zeros((side * side, height, width, channels), "uint8")
    places[:count] = images
    rows = places.reshape(side, side, height, width, channels).transpose(0, 2, 1, 3, 4)
    sheet = rows.reshape(side * height, side * width, channels)
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(path)

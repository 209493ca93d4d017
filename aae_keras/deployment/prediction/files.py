"""Image files classified by an exported model, in batches, one row of answers each."""

import numpy as np

from aae_keras.images import ImageError, read_image, to_unit_range

BATCH = 64


def predict_files(predictor, paths):
    """Classify image files, in order.

    Args:
        predictor: What `open_predictor` returned.
        paths: Of the files; images of another size are resized.

    Yields:
        A dict per file: `image`, `label`, `class_name`, `confidence`, `probabilities`; for a file
        that cannot be read `image` and `error`.
    """
    for start in range(0, len(paths), BATCH):
        yield from _predict_batch(predictor, paths[start : start + BATCH])


def _predict_batch(predictor, paths):
    height, width, channels = predictor.image_shape
    rows, images = {}, {}
    for path in paths:
        try:
            images[path] = read_image(path, channels, (height, width))
        except ImageError as error:
            rows[path] = {"image": str(path), "error": str(error)}
    if images:
        found = predictor.predict(to_unit_range(np.stack(list(images.values()))))
        for rank, path in enumerate(images):
            rows[path] = answer_row(path, {name: values[rank] for name, values in found.items()})
    return [rows[path] for path in paths]


def answer_row(path, found):
    """What is said of one image: its row of the outputs of a classify signature, in plain Python.

    Args:
        path: Of the image.
        found: Dict by output name of values, from NumPy or from JSON.
    """
    name = found["class_name"]
    return {
        "image": str(path),
        "label": int(found["label"]),
        "class_name": name.decode() if isinstance(name, bytes) else str(name),
        "confidence": float(found["confidence"]),
        "probabilities": [float(p) for p in found["probabilities"]],
    }

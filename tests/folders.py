"""Folders of small images, as a user would have them."""

import numpy as np
from PIL import Image


def write_images(root, counts, mode="L", size=(5, 6)):
    """Write `counts[name]` PNG files (width, height = `size`) to each folder `root/name`.

    The images of a class share a bright row, so that they can be learned.
    """
    root.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for place, (name, count) in enumerate(counts.items()):
        (root / name).mkdir()
        for number in range(count):
            shape = size[::-1] + (() if mode == "L" else (3,))
            pixels = random.integers(0, 60, shape, dtype="uint8")
            pixels[(2 * place) % size[1]] += 180
            Image.fromarray(pixels).save(root / name / f"{number:03d}.png")


def put(path, content=None, value=0):
    """A file of some content, or an image of one grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        Image.new("L", (5, 6), value).save(path, "PNG")
    else:
        path.write_bytes(content)

"""As many small image files as there shall be."""

import numpy as np
from PIL import Image

IN_A_FOLDER = 1000


def make_images(folder, count):
    """Write so many PNG files of 28 by 28 pixels of noise, about 1 kB each."""
    random = np.random.default_rng(0)
    for number in range(count):
        file = folder / f"{number // IN_A_FOLDER:04d}" / f"{number % IN_A_FOLDER:03d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (28, 28), dtype="uint8")).save(file)

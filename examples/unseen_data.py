"""Two data sets that no recipe was chosen on, for the recipe that own data gets.

    python examples/unseen_data.py letters letters.npz
    python examples/unseen_data.py clothes clothes.npz DATA_DIR

`letters`: twenty capital letters in the fonts that come with matplotlib, turned, sheared, blurred
and noisy: 3000 images of 20x20, 200 labels. `clothes`: Fashion-MNIST with classes of unequal size,
the rarest a tenth of the commonest: 5000 images, 150 labels as they fall. Then

    python -m tools.train --dataset=letters.npz
    python -m tools.train --dataset=letters.npz --setting=labels-only
    python -m tools.evaluate --run_dir=runs/letters-seed0 --baselines
"""

import pathlib
import sys

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

LETTERS = "ABCDEFGHIJKLMNOPQRST"
SIDE = 20


def letter(character, font, random):
    """One letter, white on black, as uint8 of shape (SIDE, SIDE)."""
    large = 4 * SIDE
    image = Image.new("L", (large, large))
    draw = ImageDraw.Draw(image)
    draw.text((large / 2, large / 2), character, fill=255, font=font, anchor="mm")
    shear, shift = random.normal(0, 0.15), random.uniform(-6, 6, 2)
    moved = (1, shear, shift[0] - shear * large / 2, 0, 1, shift[1])
    image = image.transform(image.size, Image.Transform.AFFINE, moved)
    image = image.rotate(random.normal(0, 8), resample=Image.Resampling.BILINEAR)
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, 3)))
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), "float64")
    return np.clip(pixels + random.normal(0, 12, pixels.shape), 0, 255).astype("uint8")


def letters(num_train=3000, num_test=1000, num_labeled=200, seed=0):
    """The arrays of `letters`: as many of each class, and of their labels."""
    random = np.random.default_rng(seed)
    folder = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [
        ImageFont.truetype(str(path), size)
        for path in sorted(folder.glob("DejaVu*.ttf")) + sorted(folder.glob("STIXGeneral*.ttf"))
        if "Display" not in path.name
        for size in (44, 52, 60)
    ]
    labels = np.arange(num_train + num_test) % len(LETTERS)
    images = np.stack(
        [letter(LETTERS[k], fonts[random.integers(len(fonts))], random) for k in labels]
    )
    return parts(images, labels, num_test, np.arange(num_train) < num_labeled)


def clothes(data_dir, num_train=5000, num_test=2000, num_labeled=150, seed=0):
    """The arrays of `clothes`: class k is drawn in proportion to 10^(-k/9)."""
    import tensorflow_datasets as tfds

    random = np.random.default_rng(seed)
    images, labels = tfds.as_numpy(
        tfds.load(
            "fashion_mnist", split="train", data_dir=data_dir, batch_size=-1, as_supervised=True
        )
    )
    shares = np.logspace(0, -1, 10)
    counts = np.round((num_train + num_test) * shares / shares.sum()).astype(int)
    rows = [random.permutation(np.flatnonzero(labels == k))[:n] for k, n in enumerate(counts)]
    rows = random.permutation(np.concatenate(rows))
    labeled = np.arange(len(rows) - num_test) < num_labeled
    return parts(images[rows, ..., 0], labels[rows], num_test, labeled)


def parts(images, labels, num_test, labeled):
    """The last images for test, -1 for the labels of training that are not to be seen."""
    train = len(labels) - num_test
    return {
        "x_train": images[:train],
        "y_train": np.where(labeled, labels[:train], -1),
        "x_test": images[train:],
        "y_test": labels[train:],
    }


if __name__ == "__main__":
    kind, target, *data_dir = sys.argv[1:]
    arrays = letters() if kind == "letters" else clothes(*data_dir)
    np.savez_compressed(target, **arrays)
    seen = arrays["y_train"][arrays["y_train"] >= 0]
    print(f"{target}: {len(arrays['x_train'])} images, labels by class {np.bincount(seen)}")
